import type { RequestListener } from "node:http";

/** Requests that a client may send ahead on one connection; one more closes it. */
const maxAhead = 16;

/**
 * Handles the requests of an HTTP/1.1 connection one after another. Node would
 * start all that a client pipelines at once.
 */
export function oneAtATime(handle: RequestListener): RequestListener {
  const lines = new WeakMap<object, (() => void)[]>();
  return (request, response) => {
    const { socket } = request;
    const ahead = lines.get(socket);
    const start = () => {
      response.once("close", () => {
        const next = lines.get(socket)?.shift();
        if (next === undefined) lines.delete(socket);
        else if (!socket.destroyed) next();
      });
      handle(request, response);
    };
    if (ahead === undefined) {
      lines.set(socket, []);
      start();
    } else if (ahead.length < maxAhead) {
      ahead.push(start);
    } else {
      socket.destroy();
    }
  };
}
