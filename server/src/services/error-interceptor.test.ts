import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@daphnia/protocol/google/rpc/error_details";
import { DaemonError, invalidField, type Refusal } from "../base/errors.ts";
import { createErrorInterceptor, shuttingDown } from "./error-interceptor.ts";

/** How a unary call and a stream end whose handlers throw. */
async function endsOf(thrown: unknown) {
  const bugs: [string, unknown][] = [];
  const transport = createRouterTransport(
    (router) => {
      router.service(DaemonService, {
        getInfo: () => {
          throw thrown;
        },
      });
      router.service(EventService, {
        async *watch() {
          yield { cursor: "first" };
          throw thrown;
        },
      });
    },
    { router: { interceptors: [createErrorInterceptor((...bug) => bugs.push(bug))] } },
  );
  const errors: ConnectError[] = [];
  const keep = (error: unknown) => errors.push(ConnectError.from(error));
  await createClient(DaemonService, transport)
    .getInfo({})
    .then(() => assert.fail("expected a failure"), keep);
  const stream = createClient(EventService, transport).watch({})[Symbol.asyncIterator]();
  await stream.next();
  await stream.next().then(() => assert.fail("expected a failure"), keep);
  return { errors, bugs };
}

describe("the error interceptor", () => {
  it("gives every refusal its code, and says why, in calls and streams", async () => {
    const codes: Record<Refusal, Code> = {
      invalid_argument: Code.InvalidArgument,
      not_found: Code.NotFound,
      already_exists: Code.AlreadyExists,
      failed_precondition: Code.FailedPrecondition,
      aborted: Code.Aborted,
      out_of_range: Code.OutOfRange,
      resource_exhausted: Code.ResourceExhausted,
      permission_denied: Code.PermissionDenied,
      unavailable: Code.Unavailable,
      internal: Code.Internal,
    };
    for (const [refusal, code] of Object.entries(codes) as [Refusal, Code][]) {
      const detail = { reason: "R", metadata: { a: "b" }, retryAfter: 1500 };
      const { errors, bugs } = await endsOf(new DaemonError(refusal, "words", detail));
      assert.equal(errors.length, 2);
      for (const error of errors) {
        const [info] = error.findDetails(ErrorInfoSchema);
        const [retry] = error.findDetails(RetryInfoSchema);
        assert.deepEqual(
          [error.code, error.rawMessage, info?.reason, info?.domain, info?.metadata],
          [code, "words", "R", "daphnia", { a: "b" }],
        );
        assert.deepEqual([retry?.retryDelay?.seconds, retry?.retryDelay?.nanos], [1n, 500_000_000]);
      }
      assert.deepEqual(bugs, []);
    }
  });

  it("names the fields that are wrong", async () => {
    const { errors } = await endsOf(invalidField("limit", "1 to 500"));
    const violations = errors.map((e) => e.findDetails(BadRequestSchema)[0]?.fieldViolations[0]);
    assert.deepEqual(
      violations.map((v) => [v?.field, v?.description]),
      [
        ["limit", "1 to 500"],
        ["limit", "1 to 500"],
      ],
    );
  });

  it("withholds a bug from the caller and tells it to us", async () => {
    const bug = new TypeError("the secret");
    const { errors, bugs } = await endsOf(bug);
    for (const error of errors) {
      assert.deepEqual([error.code, error.rawMessage], [Code.Internal, "internal error"]);
    }
    assert.deepEqual(bugs, [
      ["daphnia.v1.DaemonService/GetInfo", bug],
      ["daphnia.v1.EventService/Watch", bug],
    ]);
  });

  it("passes on what is already an error of the wire", async () => {
    const { errors, bugs } = await endsOf(shuttingDown());
    for (const error of errors) {
      assert.equal(error.code, Code.Unavailable);
      assert.equal(error.findDetails(ErrorInfoSchema)[0]?.reason, "SHUTTING_DOWN");
    }
    assert.deepEqual(bugs, []);
  });

  it("takes an abort for a bug unless the call was aborted", async () => {
    const { bugs } = await endsOf(Object.assign(new Error("stop"), { name: "AbortError" }));
    assert.equal(bugs.length, 2);
  });

  it("lets a canceled call end quietly", async () => {
    const bugs: unknown[] = [];
    const entered = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const transport = createRouterTransport(
      (router) => {
        router.service(DaemonService, {
          getInfo: (_, { signal }) => {
            entered.resolve();
            return new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => {
                reject(Object.assign(new Error("stop"), { name: "AbortError" }));
                setImmediate(ended.resolve);
              });
            });
          },
        });
      },
      { router: { interceptors: [createErrorInterceptor((_, error) => bugs.push(error))] } },
    );
    const leave = new AbortController();
    const call = createClient(DaemonService, transport).getInfo({}, { signal: leave.signal });
    await entered.promise;
    leave.abort();
    await assert.rejects(call);
    await ended.promise;
    assert.deepEqual(bugs, []);
  });
});
