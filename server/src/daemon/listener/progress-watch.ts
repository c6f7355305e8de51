import { type Request, type Response, reset } from "./exchange.ts";

/** Resets exchanges that make no progress. */
export interface ProgressWatch {
  /** Looks after an exchange until it closes. Its response must have a listener for errors. */
  add(request: Request, response: Response): Progress;
  close(): void;
}

/** One object, read and counted in place: a call would be one more for each reader and message. */
export interface Progress {
  /** Pieces that the transport was given. Whoever hands one on counts it. */
  pieces: number;
  readonly isClosed: boolean;
  /**
   * Told of the close: who gave a place, and who goes on with the stream. Fields, since each
   * listener more of a stream would be held for as long as it idles.
   */
  freePlace: (() => void) | undefined;
  leave: (() => void) | undefined;
}

interface Seen extends Progress {
  readonly request: Request;
  readonly start: number;
  isClosed: boolean;
  waiting: number;
  pieceThen: number;
  since: number;
}

/**
 * W1: a response with bytes waiting, of which the transport took none for
 * `stallTimeout`, is reset; an idle one is not.
 * W2: a request whose body is not complete after `requestTimeout` is reset,
 * unless it is a stream that the client keeps open.
 * W3: one timer serves all, and it does not keep the process alive.
 */
export function createProgressWatch(stallTimeout: number, requestTimeout: number): ProgressWatch {
  const open = new Map<Response, Seen>();

  function look(response: Response, seen: Seen, now: number): void {
    const waiting = response.writableLength;
    const moved = seen.waiting !== waiting || seen.pieces !== seen.pieceThen;
    if (waiting === 0 || moved) seen.since = now;
    seen.waiting = waiting;
    seen.pieceThen = seen.pieces;
    const isStalled = now - seen.since >= stallTimeout;
    // Streams that have begun to answer are judged by what they send.
    const isLate = !response.headersSent && !seen.request.complete;
    if (isStalled || (isLate && now - seen.start >= requestTimeout)) reset(response);
  }

  const period = Math.max(10, Math.min(stallTimeout, requestTimeout) / 4);
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [response, seen] of open) look(response, seen, now);
  }, period).unref();
  return {
    add(request, response) {
      const start = performance.now();
      const seen: Seen = {
        ...{ request, start, since: start, isClosed: false },
        ...{ pieces: 0, waiting: 0, pieceThen: 0 },
        ...{ freePlace: undefined, leave: undefined },
      };
      open.set(response, seen);
      response.once("close", () => {
        seen.isClosed = true;
        open.delete(response);
        seen.freePlace?.();
        seen.leave?.();
        wakeBlockedWrite(response);
      });
      return seen;
    },
    close: () => clearInterval(timer),
  };
}

/** A blocked HTTP/1.1 write may hear neither `drain` nor `error` when its reader vanishes. */
function wakeBlockedWrite(response: Response): void {
  if (response.writableFinished) return;
  response.emit("error", Object.assign(new Error("the client left"), { code: "ECONNRESET" }));
}
