import type { Principal } from "@daphnia/protocol/principal";
import type { AnsweredRequest } from "../log/event-store.ts";

/** Who commands, and how a retried request gets its first answer. */
export interface Command<R> {
  readonly by: Principal;
  /** The answer to keep under the caller's request id, made of the command's result. */
  readonly keep?: (result: R) => AnsweredRequest;
}
