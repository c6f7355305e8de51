import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { Principal } from "@daphnia/protocol/principal";
import { DaemonError, invalidField } from "../base/errors.ts";
import { formatCursor } from "../core/log/cursor.ts";
import type { Log } from "../core/log/log.ts";
import type { Command } from "../core/session/command.ts";

/** One write: how it is done, and what is answered. */
export interface Write<R, O extends DescMessage> {
  readonly by: Principal;
  run(command: Command<R>): Promise<R>;
  /** The answer without its cursor. */
  answer(result: R): MessageInitShape<O>;
}

/**
 * Does each write once: the same request again, also after a restart, gets the
 * first answer; while the first is in flight it waits for it.
 */
export type Once = <R, I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  request: MessageShape<I> & { readonly requestId: string },
  write: Write<R, O>,
) => Promise<{
  readonly answer: MessageShape<O>;
  readonly cursor: string;
  readonly before: number;
}>;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function createOnce(log: Log): Once {
  const inFlight = new Map<string, Promise<unknown>>();
  return async function once<R, I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I> & { readonly requestId: string },
    { by, run, answer }: Write<R, O>,
  ) {
    const { requestId } = request;
    const done = <T>(message: T, before: number) => ({
      answer: message,
      cursor: formatCursor(log.id, before),
      before,
    });
    const made = (result: R) => create(method.output, answer(result));
    if (requestId === "") {
      const before = log.head();
      return done(made(await run({ by })), before);
    }
    if (!uuid.test(requestId))
      throw invalidField("request_id", `must be a UUID, got "${requestId}"`);
    const key = { principal: by.id, method: method.name, id: requestId.toLowerCase() };
    const name = `${key.principal} ${key.method} ${key.id}`;
    while (inFlight.has(name)) await inFlight.get(name)?.catch(() => {});
    const work = (async () => {
      const bytes = toBinary(method.input, request);
      const kept = await log.store.findRequest(key, bytes);
      if (kept !== undefined) {
        if (!kept.same) throw reused(requestId);
        return done(fromBinary(method.output, kept.answer), kept.before);
      }
      const before = log.head();
      const result = await run({
        by,
        keep: (value) => ({ ...key, request: bytes, answer: toBinary(method.output, made(value)) }),
      });
      const committed = await log.store.findRequest(key, bytes);
      return done(made(result), committed?.before ?? before);
    })();
    inFlight.set(name, work);
    try {
      return await work;
    } finally {
      inFlight.delete(name);
    }
  };
}

function reused(requestId: string): DaemonError {
  return new DaemonError(
    "invalid_argument",
    `request_id ${requestId} was used for a request with other content; mint a new one`,
    { reason: "REQUEST_ID_REUSED", metadata: { request_id: requestId } },
  );
}
