import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { DaemonError } from "../../base/errors.ts";
import { shuttingDown } from "../../services/error-interceptor.ts";
import { createStreamPlaces } from "./stream-places.ts";
import { cursorsOf, failure, firstOf, reasonOf, settled } from "./testing/outcomes.ts";
import { kinds, openStage, token, untilEnd } from "./testing/stage.ts";

for (const where of ["socket", "tcp"] as const) {
  for (const kind of kinds) {
    describe(`a listener's ${where} with ${kind}`, () => {
      it("answers a unary call and a stream", async () => {
        await using stage = await openStage(where, {
          async *watch() {
            yield { cursor: "a" };
            yield { cursor: "b" };
          },
        });
        const clients = stage.client(kind);
        assert.equal((await clients.daemon.getInfo({})).version, "test");
        const cursors = await cursorsOf(clients.events.watch({}));
        assert.deepEqual(cursors, ["a", "b"]);
      });

      it("tells why a handler refused, also in a stream, and withholds bugs", async () => {
        await using stage = await openStage(where, {
          getInfo: async () => {
            throw new Error("the secret");
          },
          async *watch() {
            yield { cursor: "a" };
            throw new DaemonError("out_of_range", "too far", { reason: "CURSOR_AHEAD" });
          },
        });
        const clients = stage.client(kind);
        const bug = await failure(clients.daemon.getInfo({}));
        assert.deepEqual([bug.code, bug.rawMessage], [Code.Internal, "internal error"]);
        assert.deepEqual(stage.bugs.map(String), ["Error: the secret"]);
        const refusal = await failure(cursorsOf(clients.events.watch({})));
        assert.deepEqual([refusal.code, reasonOf(refusal)], [Code.OutOfRange, "CURSOR_AHEAD"]);
      });

      it("ends a stream with SHUTTING_DOWN and lets a unary call finish", async () => {
        const entered = Promise.withResolvers<void>();
        const finish = Promise.withResolvers<void>();
        await using stage = await openStage(where, {
          getInfo: async () => {
            entered.resolve();
            await finish.promise;
            return { version: "finished" };
          },
        });
        const stream = await firstOf(stage.client(kind), new AbortController().signal);
        const unary = stage.client(kind).daemon.getInfo({});
        await entered.promise;
        const closed = stage.listener.close(5000, shuttingDown());
        const end = await failure(stream.next());
        assert.deepEqual([end.code, reasonOf(end)], [Code.Unavailable, "SHUTTING_DOWN"]);
        finish.resolve();
        assert.equal((await unary).version, "finished");
        await closed;
        assert.deepEqual(stage.errors, []);
      });

      it("gives the place of a stream back when its client leaves", async () => {
        const ended = Promise.withResolvers<void>();
        await using stage = await openStage(where, {
          async *watch(context) {
            try {
              yield* untilEnd(context);
            } finally {
              ended.resolve();
            }
          },
        });
        const leave = new AbortController();
        await firstOf(stage.client(kind), leave.signal);
        assert.equal(stage.places.taken, 1);
        leave.abort();
        await ended.promise;
        await settled(stage, 0);
        assert.deepEqual(stage.errors, []);
        assert.deepEqual(stage.bugs, []);
      });

      it("frees a write that is blocked when its reader vanishes", async () => {
        const ended = Promise.withResolvers<void>();
        await using stage = await openStage(where, {
          async *watch({ signal }) {
            try {
              while (!signal.aborted) yield { cursor: "x".repeat(100_000) };
            } finally {
              ended.resolve();
            }
          },
        });
        const leave = new AbortController();
        await firstOf(stage.client(kind), leave.signal);
        leave.abort();
        await ended.promise;
        await settled(stage, 0);
        assert.deepEqual(stage.errors, []);
      });

      it("refuses one stream too many, and counts it nowhere", async () => {
        await using stage = await openStage(where, {}, { maxWatches: 1 }, createStreamPlaces(2));
        const one = stage.client(kind);
        const leave = new AbortController();
        await firstOf(one, leave.signal);
        // HTTP/1.1 uses a connection for each stream; there the daemon's limit is met.
        const others = kind.endsWith("h1") ? [stage.client(kind), stage.client(kind)] : [one];
        const ends: ConnectError[] = [];
        for (const other of others) {
          const stream = other.events.watch({}, { signal: leave.signal })[Symbol.asyncIterator]();
          await stream.next().catch((error: unknown) => ends.push(ConnectError.from(error)));
        }
        const details = ends.map((end) => end.findDetails(ErrorInfoSchema)[0]);
        const perConnection =
          where === "tcp" ? "max_watches_per_tcp_connection" : "max_watches_per_connection";
        const limit = kind.endsWith("h1") ? "max_watches" : perConnection;
        assert.deepEqual(
          details.map((d) => [d?.reason, d?.metadata["limit"]]),
          [["LIMIT_REACHED", limit]],
        );
        leave.abort();
        await settled(stage, 0);
      });
    });
  }
}

describe("a listener's compression", () => {
  it("is gzip over TCP and none over the socket", async () => {
    const encodings: unknown[] = [];
    for (const where of ["socket", "tcp"] as const) {
      await using stage = await openStage(where, {
        getInfo: async () => ({ version: "x".repeat(5000) }),
      });
      const stream = stage.http2().request({
        ":method": "POST",
        ":path": "/daphnia.v1.DaemonService/GetInfo",
        "accept-encoding": "gzip",
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
      });
      stream
        .on("error", () => {})
        .end("{}")
        .resume();
      const [headers] = await once(stream, "response");
      encodings.push(headers["content-encoding"]);
    }
    assert.deepEqual(encodings, [undefined, "gzip"]);
  });
});
