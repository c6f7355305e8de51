import { type ContextValues, createContextKey } from "@connectrpc/connect";
import type { Principal, Scope } from "@daphnia/protocol/principal";

/** Who calls, as far as the transport knows. */
export interface Caller {
  readonly transport: "socket" | "tcp";
  /** Where the call came from, for the log; never a reason to trust it. */
  readonly peer: string;
  readonly principal: Principal;
  readonly scopes: ReadonlySet<Scope>;
}

/** Where the transport puts the caller. Undefined means that nobody has shown who they are. */
export const callerKey = createContextKey<Caller | undefined>(undefined, { description: "caller" });

/** The caller of an RPC that the scope gate let in. Throws when no gate stood before it. */
export function callerOf(values: ContextValues): Caller {
  const caller = values.get(callerKey);
  if (caller === undefined) throw new Error("an RPC was reached without a caller");
  return caller;
}
