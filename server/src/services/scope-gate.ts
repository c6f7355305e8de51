import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { Code, type HandlerContext } from "@connectrpc/connect";
import { Scope, ScopeSchema, scope } from "@daphnia/protocol/principal";
import { DaemonError } from "../base/errors.ts";
import { callerKey } from "./caller.ts";
import { edgeError, toConnectError } from "./error-interceptor.ts";

/** The major version of the protocol that this daemon speaks. */
export const protocolVersion = 1;

/**
 * Lets a call in or throws, before its body is read: the caller must be known,
 * must speak our major version if it names one, and must hold the scope that
 * the method states. A method of ours that states none is refused to all.
 */
export function scopeGate(context: HandlerContext): void {
  const caller = context.values.get(callerKey);
  if (caller === undefined) throw unauthenticated();
  checkProtocol(context.requestHeader.get("Daphnia-Protocol"));
  const needed = scopeOf(context.method);
  if (needed === Scope.PUBLIC) return;
  if (needed === Scope.UNSPECIFIED || !caller.scopes.has(needed)) throw scopeMissing(needed);
}

const publicServices: ReadonlySet<string> = new Set([
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
]);

function scopeOf(method: DescMethod): Scope {
  return publicServices.has(method.parent.typeName) ? Scope.PUBLIC : getOption(method, scope);
}

function unauthenticated() {
  const message = "the bearer token is missing or wrong";
  return edgeError(Code.Unauthenticated, message, { reason: "UNAUTHENTICATED" });
}

function checkProtocol(header: string | null): void {
  if (header === null || /^1(\.|$)/.test(header.trim())) return;
  throw toConnectError(
    new DaemonError(
      "failed_precondition",
      `you speak protocol ${header}, this daemon speaks ${protocolVersion}`,
      {
        reason: "PROTOCOL_MISMATCH",
        metadata: { client: header, daemon: String(protocolVersion) },
      },
    ),
  );
}

function scopeMissing(needed: Scope) {
  const name = ScopeSchema.value[needed]?.localName.toLowerCase() ?? "";
  const message =
    needed === Scope.UNSPECIFIED
      ? "this method states no scope, so nobody may call it"
      : `this method needs the scope ${name}`;
  const detail = { reason: "SCOPE_MISSING", metadata: { scope: name } };
  return toConnectError(new DaemonError("permission_denied", message, detail));
}
