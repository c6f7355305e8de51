import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type HandlerContext } from "@connectrpc/connect";
import { WatchResponseSchema } from "@daphnia/protocol/event_service";
import { DaemonError } from "../../base/errors.ts";
import { shuttingDown } from "../../services/error-interceptor.ts";
import { envelope, handOn, type Rest } from "../../services/hand-on.ts";
import { cursorsOf, failure, firstOf, reasonOf, settled } from "./testing/outcomes.ts";
import { kinds, openStage, type Play } from "./testing/stage.ts";

/** A ready message. */
const frame = (cursor: string) =>
  envelope([toBinary(WatchResponseSchema, create(WatchResponseSchema, { cursor }))]);

/** A stream that says one thing by connect, and goes on past it. */
function handedOn(rest: Rest): Play {
  return {
    async *watch(context: HandlerContext) {
      yield { cursor: "first" };
      handOn(context, rest);
    },
  };
}

const asLongAsItMay: Rest = (_, signal) =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

for (const where of ["socket", "tcp"] as const) {
  for (const kind of kinds) {
    describe(`a stream past connect, over ${where} with ${kind}`, () => {
      it("goes on with ready messages of any size, and ends well", async () => {
        const large = "x".repeat(300_000);
        await using stage = await openStage(
          where,
          handedOn(async (write) => {
            for (const cursor of ["second", large, "last"]) await write(frame(cursor));
          }),
        );
        const cursors = await cursorsOf(stage.client(kind).events.watch({}));
        assert.deepEqual(cursors, ["first", "second", large, "last"]);
        await settled(stage, 0);
        assert.deepEqual([stage.errors, stage.bugs], [[], []]);
      });

      it("ends with the reason it failed of, and withholds bugs (R1)", async () => {
        const failures = [
          new DaemonError("failed_precondition", "it is gone", { reason: "SESSION_DELETED" }),
          new Error("the secret"),
        ];
        await using stage = await openStage(
          where,
          handedOn(async (write) => {
            await write(frame("second"));
            throw failures.shift();
          }),
        );
        const clients = stage.client(kind);
        const refusal = await failure(cursorsOf(clients.events.watch({})));
        assert.deepEqual(
          [refusal.code, refusal.rawMessage, reasonOf(refusal)],
          [Code.FailedPrecondition, "it is gone", "SESSION_DELETED"],
        );
        const bug = await failure(cursorsOf(clients.events.watch({})));
        assert.deepEqual([bug.code, bug.rawMessage], [Code.Internal, "internal error"]);
        assert.deepEqual(stage.bugs.map(String), ["Error: the secret"]);
      });

      it("ends with SHUTTING_DOWN when the listener closes", async () => {
        await using stage = await openStage(where, handedOn(asLongAsItMay));
        const stream = await firstOf(stage.client(kind), new AbortController().signal);
        const next = failure(stream.next());
        await stage.listener.close(5000, shuttingDown());
        const end = await next;
        assert.deepEqual([end.code, reasonOf(end)], [Code.Unavailable, "SHUTTING_DOWN"]);
      });

      it("ends with SHUTTING_DOWN where it was still opening", async () => {
        const isOpening = Promise.withResolvers<void>();
        const mayGoOn = Promise.withResolvers<void>();
        await using stage = await openStage(where, {
          async *watch(context: HandlerContext) {
            yield { cursor: "first" };
            isOpening.resolve();
            await mayGoOn.promise;
            handOn(context, asLongAsItMay);
          },
        });
        const stream = await firstOf(stage.client(kind), new AbortController().signal);
        const next = failure(stream.next());
        await isOpening.promise;
        const closed = stage.listener.close(60_000, shuttingDown());
        mayGoOn.resolve();
        const end = await next;
        await closed;
        assert.deepEqual([end.code, reasonOf(end)], [Code.Unavailable, "SHUTTING_DOWN"]);
      });

      it("ends at its client's deadline", async () => {
        await using stage = await openStage(where, handedOn(asLongAsItMay));
        const stream = stage.client(kind).events.watch({}, { timeoutMs: 100 });
        const end = await failure(cursorsOf(stream));
        assert.equal(end.code, Code.DeadlineExceeded);
        await settled(stage, 0);
      });

      it("is told when its client leaves, also while it cannot write", async () => {
        const floods: Rest = async (write, signal) => {
          const more = frame("x".repeat(100_000));
          while (!signal.aborted) await write(more);
          throw signal.reason;
        };
        for (const rest of [asLongAsItMay, floods]) {
          const ended = Promise.withResolvers<void>();
          await using stage = await openStage(
            where,
            handedOn((write, signal) => rest(write, signal).finally(ended.resolve)),
          );
          const leave = new AbortController();
          await firstOf(stage.client(kind), leave.signal);
          leave.abort();
          await ended.promise;
          await settled(stage, 0);
          assert.deepEqual([stage.errors, stage.bugs], [[], []]);
        }
      });
    });
  }
}
