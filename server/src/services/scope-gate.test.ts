import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues, createHandlerContext } from "@connectrpc/connect";
import { BlobService } from "@daphnia/protocol/blob_service";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";
import { ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { Health } from "@daphnia/protocol/grpc/health/v1/health";
import { ServerReflection } from "@daphnia/protocol/grpc/reflection/v1/reflection";
import { PrincipalSchema, Scope } from "@daphnia/protocol/principal";
import { SessionService } from "@daphnia/protocol/session_service";
import { callerKey } from "./caller.ts";
import { scopeGate } from "./scope-gate.ts";

function verdictOf(method: DescMethod, scopes: readonly Scope[] | undefined, protocol?: string) {
  const caller = scopes && {
    transport: "tcp" as const,
    peer: "127.0.0.1:1",
    principal: create(PrincipalSchema),
    scopes: new Set(scopes),
  };
  const context = createHandlerContext({
    service: method.parent,
    method,
    protocolName: "connect",
    requestMethod: "POST",
    url: "http://localhost/",
    contextValues: createContextValues().set(callerKey, caller),
    ...(protocol !== undefined && { requestHeader: { "Daphnia-Protocol": protocol } }),
  });
  try {
    scopeGate(context);
    return "let in";
  } catch (error) {
    assert.ok(error instanceof ConnectError);
    const detail = error.details[0];
    assert.ok(detail !== undefined && "desc" in detail && detail.desc === ErrorInfoSchema);
    return [Code[error.code], "reason" in detail.value && detail.value["reason"]];
  }
}

describe("the scope gate", () => {
  const { getInfo, shutdown } = DaemonService.method;

  it("lets in whoever holds the scope of the method, and nobody else", () => {
    const denied = ["PermissionDenied", "SCOPE_MISSING"];
    assert.equal(verdictOf(getInfo, [Scope.OBSERVE]), "let in");
    assert.deepEqual(verdictOf(getInfo, [Scope.PROMPT]), denied);
    assert.deepEqual(verdictOf(shutdown, [Scope.OBSERVE, Scope.PROMPT]), denied);
    assert.equal(verdictOf(shutdown, [Scope.ADMIN]), "let in");
  });

  it("refuses a caller whom nobody knows, at public methods too", () => {
    for (const method of [getInfo, Health.method.check, ServerReflection.methods[0]]) {
      assert.ok(method);
      assert.deepEqual(verdictOf(method, undefined), ["Unauthenticated", "UNAUTHENTICATED"]);
    }
  });

  it("asks no scope for health and reflection", () => {
    assert.equal(verdictOf(Health.method.watch, []), "let in");
    assert.equal(verdictOf(ServerReflection.method.serverReflectionInfo, []), "let in");
  });

  it("refuses a method that states no scope, whatever the caller holds", () => {
    const every = [Scope.UNSPECIFIED, Scope.PUBLIC, Scope.OBSERVE, Scope.PROMPT, Scope.ADMIN];
    const silent = { ...getInfo, proto: { ...getInfo.proto, options: undefined } } as DescMethod;
    assert.deepEqual(verdictOf(silent, every), ["PermissionDenied", "SCOPE_MISSING"]);
  });

  it("finds a scope at every method we offer", () => {
    const every = [Scope.OBSERVE, Scope.PROMPT, Scope.ADMIN];
    for (const service of [DaemonService, SessionService, EventService, BlobService]) {
      for (const method of service.methods) {
        assert.equal(verdictOf(method, every), "let in", method.name);
      }
    }
  });

  it("speaks with our major version and refuses another", () => {
    for (const ours of ["1", "1.0", "1.12"]) {
      assert.equal(verdictOf(getInfo, [Scope.OBSERVE], ours), "let in", ours);
    }
    for (const other of ["2", "10", "0.9", "", "one"]) {
      const verdict = verdictOf(getInfo, [Scope.OBSERVE], other);
      assert.deepEqual(verdict, ["FailedPrecondition", "PROTOCOL_MISMATCH"], other);
    }
  });
});
