import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import type { Clients, Stage } from "./stage.ts";

export async function failure(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("expected a failure");
}
export const reasonOf = (error: ConnectError) => error.findDetails(ErrorInfoSchema)[0]?.reason;
export async function firstOf(clients: Clients, signal: AbortSignal) {
  const stream = clients.events.watch({}, { signal })[Symbol.asyncIterator]();
  await stream.next();
  return stream;
}
export async function cursorsOf(stream: AsyncIterable<{ readonly cursor: string }>) {
  const cursors: string[] = [];
  for await (const { cursor } of stream) cursors.push(cursor);
  return cursors;
}

/** The end of a plain HTTP/1.1 call. */
export const json =
  "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
export const info = "POST /daphnia.v1.DaemonService/GetInfo HTTP/1.1\r\n";
/** Resolves at the close, errors or none. */
export const closeOf = (stream: EventEmitter) =>
  new Promise<void>((resolve) => stream.once("close", () => resolve()));
/** Resolves when as many streams are open. */
export const settled = async (stage: Stage, taken: number) => {
  const until = Date.now() + 5000;
  while (stage.places.taken !== taken) {
    assert.ok(Date.now() < until, `${stage.places.taken} streams open, expected ${taken}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
};
