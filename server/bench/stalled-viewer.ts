import { request as requestHttp1 } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { watchPath, watchRequest } from "./conversation.ts";
import { envelope } from "./raw-client.ts";

/** Watches everything, and takes nothing after the first answer; what it returns leaves. */
export type Stall = (path: string) => Promise<() => void>;

/**
 * Ways to stall: a stream that is not read and whose window fills; a socket that is not
 * read, with a window of 16 MiB; and the same over HTTP/1.1, where only the socket is full.
 */
export const stalls: readonly Stall[] = [stallStream, stallSocket, stallHttp1];

const contentType = "application/connect+proto";
const body = envelope(watchRequest({}));
const largeWindow = 16 * 1024 * 1024;

function stallStream(path: string): Promise<() => void> {
  return stallHttp2(connect(path), () => {}, 65_535);
}

function stallSocket(path: string): Promise<() => void> {
  const socket = connect(path);
  // `node:http2` lets nobody pause its socket, so it is given one of paper.
  const paper = new Duplex({
    read() {},
    write: (chunk, _, done) => void socket.write(chunk, done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => paper.push(chunk));
  socket.on("error", () => {}); // it was left
  return stallHttp2(paper, () => socket.pause(), largeWindow);
}

function stallHttp2(
  wire: Duplex,
  pause: () => void,
  initialWindowSize: number,
): Promise<() => void> {
  const session = connectHttp2("http://localhost", {
    createConnection: () => wire,
    settings: { initialWindowSize },
  });
  session.on("error", () => {}); // its stream tells it too
  session.once("connect", () => session.setLocalWindowSize(initialWindowSize));
  const stream = session.request({
    ...{ ":method": "POST", ":path": watchPath, "content-type": contentType },
  });
  stream.end(body);
  return new Promise((resolve, reject) => {
    stream.on("error", reject); // once it is seated nobody hears it
    stream.once("data", () => {
      stream.pause();
      pause();
      resolve(() => session.destroy());
    });
  });
}

function stallHttp1(socketPath: string): Promise<() => void> {
  const request = requestHttp1({
    ...{ socketPath, path: watchPath, method: "POST", agent: false },
    headers: { "content-type": contentType, "content-length": body.length },
  });
  return new Promise((resolve, reject) => {
    request.on("error", reject); // once it is seated nobody hears it
    request.once("response", (response) => {
      response.once("data", () => {
        response.pause();
        resolve(() => request.destroy());
      });
    });
    request.end(body);
  });
}
