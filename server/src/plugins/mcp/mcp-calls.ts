import type { Client, RequestOptions } from "@modelcontextprotocol/client";
import { messageOf } from "../../base/errors.ts";
import type { RemoteAnswer, RemoteCall } from "../../core/component/link.ts";
import { TooLongError } from "./capped-fetch.ts";
import { elicit } from "./elicit.ts";
import { runReading } from "./resource-tools.ts";
import { partsOf } from "./result-parts.ts";
import { sample } from "./sample.ts";

/** The calls of one connection, and what the server asks while it works on them. */
export interface Calls {
  /** Answers the server's own requests for the call that is open. */
  answerFor(client: Client): void;
  /** `look` finds out whether the server is gone when a call's stream breaks. */
  call(
    client: Client,
    call: RemoteCall,
    /** Whether a tool reads what the server offers beside its own. */
    isReading: (tool: string) => boolean,
    look: () => Promise<void>,
  ): Promise<RemoteAnswer>;
}

/** A limit that ran out. */
class LateError extends Error {
  override readonly name = "LateError";
}

/** The library's own timer may not end a call: limits here also know when a person is asked. */
const never = 2 ** 31 - 1;
/** Milliseconds that a call may stay open after its stream has ended without an answer. */
const strayTime = 1000;

interface OpenCall {
  readonly call: RemoteCall;
  /** Holds the limit while somebody else is waited for. */
  hold<T>(work: () => Promise<T>): Promise<T>;
}

export function createCalls(): Calls {
  const open = new Set<OpenCall>();

  /** A request of the server names no call: where several are open nobody knows whose it is. */
  const only = (): OpenCall | undefined => (open.size === 1 ? [...open][0] : undefined);

  return {
    answerFor(client) {
      client.setRequestHandler("roots/list", async () => ({
        roots: (only()?.call.roots ?? []).map((path) => ({ uri: fileUri(path) })),
      }));
      client.setRequestHandler("elicitation/create", async (request) => {
        const one = only();
        if (one === undefined) return { action: "decline" };
        return one.hold(() => elicit(request, one.call.ask));
      });
      client.setRequestHandler("sampling/createMessage", async (request) => {
        const one = only();
        if (one === undefined) throw new Error("nobody knows for which call this is");
        return one.hold(() => sample(request, one.call));
      });
    },
    async call(client, call, isReading, look) {
      const stop = new AbortController();
      const limits = createLimits(call, (why) => stop.abort(new LateError(why)));
      const one: OpenCall = { call, hold: limits.hold };
      open.add(one);
      const { promise: stray, reject: isStray } = Promise.withResolvers<never>();
      stray.catch(() => {});
      try {
        const options: RequestOptions = {
          signal: AbortSignal.any([call.signal, stop.signal]),
          timeout: never,
          onprogress({ progress, total = 0, message = "" }) {
            limits.sign();
            call.progress({ done: progress, total, message });
          },
          onRequestStreamEnd() {
            void look();
            setTimeout(() => isStray(new Error("its answer broke off")), strayTime).unref();
          },
        };
        const { tool, arguments: given } = call;
        const answer = isReading(tool)
          ? runReading(client, tool, given, options)
          : client.callTool({ name: tool, arguments: given }, options);
        const result = await Promise.race([answer, stray]);
        return { kind: "answer", ...partsOf(result), isError: result.isError === true };
      } catch (error) {
        if (call.signal.aborted) throw call.signal.reason;
        return failed(error, stop.signal, look);
      } finally {
        limits.end();
        open.delete(one);
      }
    },
  };
}

async function failed(
  error: unknown,
  late: AbortSignal,
  look: () => Promise<void>,
): Promise<RemoteAnswer> {
  if (late.aborted) return { kind: "timeout", why: messageOf(late.reason) };
  if (error instanceof TooLongError) return failure(`Its answer was not read: ${error.message}.`);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // A number is the server's own word; all else went wrong on the way to it.
  if (typeof code === "number" && code !== connectionClosed) {
    return failure(messageOf(error));
  }
  if (code === "INVALID_RESULT" || code === "CAPABILITY_NOT_SUPPORTED") {
    return failure(messageOf(error));
  }
  await look();
  return { kind: "down", why: `${messageOf(error)}. ${unknown}` };
}

/** How the older library says that a connection is closed. */
const connectionClosed = -32000;
const unknown = "What the call did is not known. It was not repeated; look before you do.";

function failure(why: string): RemoteAnswer {
  const { parts } = partsOf({ content: [{ type: "text", text: why }] });
  return { kind: "answer", parts, attachments: [], isError: true };
}

/** Calls `onLate` when a call gave no sign of life for too long, or took too long in all. */
function createLimits({ idleTimeout, callTimeout }: RemoteCall, onLate: (why: string) => void) {
  const seconds = (ms: number) => `${ms / 1000} s`;
  const tooLong = () =>
    onLate(
      `It took longer than ${seconds(callTimeout)} and was stopped; what it did is not known.`,
    );
  const tooSilent = () =>
    onLate(
      `It gave no sign of life for ${seconds(idleTimeout)} and was stopped; what it did is not known.`,
    );
  const whole = setTimeout(tooLong, callTimeout);
  let idle = setTimeout(tooSilent, idleTimeout);
  let held = 0;
  const sign = () => {
    clearTimeout(idle);
    if (held === 0) idle = setTimeout(tooSilent, idleTimeout);
  };
  return {
    sign,
    async hold<T>(work: () => Promise<T>): Promise<T> {
      held++;
      clearTimeout(idle);
      try {
        return await work();
      } finally {
        held--;
        sign();
      }
    },
    end() {
      held = 1; // a late sign of life starts nothing
      clearTimeout(whole);
      clearTimeout(idle);
    },
  };
}

function fileUri(path: string): string {
  return `file://${path.split("/").map(encodeURIComponent).join("/")}`;
}
