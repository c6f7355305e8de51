import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type DeltaSchema, PartKind } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { aborted, type Connection, createFakeEvents, textOf } from "./testing/fake-events.ts";
import { type WatchOptions, watch } from "./watch.ts";

type DeltaInit = MessageInitShape<typeof DeltaSchema>;

const text = (offset: number, value: string): DeltaInit => ({
  draftId: "d",
  offset: BigInt(offset),
  piece: { case: "text", value },
});
const start: DeltaInit = {
  draftId: "d",
  piece: { case: "start", value: { kind: PartKind.TEXT } },
};
const event = (seq: bigint) => ({ seq, body: { case: "turnStarted", value: {} } as const });
const cut = () => new ConnectError("the line went dead", Code.Unavailable);
const ended = (reason: string) =>
  new ConnectError("over", Code.Unavailable, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: "daphnia" } },
  ]);

/** Everything that a bounded watch tells, and why it was resumed. */
async function readAll(connections: readonly Connection[], options: WatchOptions = {}) {
  const { client, requests } = createFakeEvents(connections);
  const responses: WatchResponse[] = [];
  const reasons: string[] = [];
  const onResume = (why: string) => void reasons.push(why);
  for await (const response of watch(client, { untilCaughtUp: true, ...options, onResume })) {
    responses.push(response);
  }
  return { requests, responses, reasons };
}

describe("watch", () => {
  it("goes on where it was cut off, and tells every byte once", async () => {
    const { requests, responses, reasons } = await readAll(
      [
        async function* () {
          yield { opened: {}, cursor: "c.0" };
          yield { events: [event(1n)], deltas: [start, text(0, "Grüß")], cursor: "c.1" };
          yield { deltas: [text(6, "e, ")], cursor: "c.1" };
          throw cut();
        },
        async function* () {
          yield { opened: {}, cursor: "c.1" };
          // A daemon may tell what is held already, from anywhere.
          yield { deltas: [start, text(4, "ße, Welt")], cursor: "c.1" };
          yield {
            events: [{ seq: 2n, body: { case: "messageCompleted", value: { draftId: "d" } } }],
            cursor: "c.2",
          };
        },
      ],
      { after: "beginning" },
    );
    assert.deepEqual(
      requests.map(({ from, drafts }) => [from.case, from.value, drafts]),
      [
        ["beginning", true, {}],
        ["afterCursor", "c.1", { d: 9n }],
      ],
    );
    assert.equal(textOf(responses), "Grüße, Welt");
    assert.deepEqual(
      responses.flatMap(({ events }) => events.map(({ seq }) => seq)),
      [1n, 2n],
    );
    assert.deepEqual(reasons, ["Unavailable: the line went dead"]);
  });

  it("keeps a mark that is the first of what is left of a piece", async () => {
    const { responses } = await readAll([
      async function* () {
        yield { deltas: [start, text(0, "ab")], cursor: "c.1" };
        throw cut();
      },
      async function* () {
        yield { deltas: [text(0, "ab\ufeffcd")], cursor: "c.1" };
      },
    ]);
    assert.equal(textOf(responses), "ab\ufeffcd");
  });

  it("asks for nothing of a draft that is settled", async () => {
    const { requests } = await readAll([
      async function* () {
        yield { deltas: [start, text(0, "whole")], cursor: "c.1" };
        const value = { draftId: "d" };
        yield { events: [{ body: { case: "messageCompleted", value } }], cursor: "c.2" };
        throw cut();
      },
      async function* () {},
    ]);
    assert.deepEqual(requests[1]?.drafts, {});
  });

  it("cancels the stream when its loop is left", async () => {
    const left = Promise.withResolvers<void>();
    const { client } = createFakeEvents([
      async function* (_request, signal) {
        void aborted(signal).then(left.resolve); // resolves the test
        yield { cursor: "c.1" };
        await aborted(signal);
      },
    ]);
    for await (const { cursor } of watch(client, {})) {
      assert.equal(cursor, "c.1");
      break;
    }
    await left.promise;
  });

  it("can be left while it waits, by return() and by its signal", async () => {
    const silent: Connection = async function* (_request, signal) {
      yield { cursor: "c.1" };
      await aborted(signal);
    };
    const { client } = createFakeEvents([silent]);
    const responses = watch(client, {});
    await responses.next();
    const waiting = responses.next();
    await responses.return();
    assert.equal((await waiting).done, true);

    const leave = new AbortController();
    const others = watch(client, { signal: leave.signal });
    await others.next();
    const last = others.next();
    leave.abort();
    assert.equal((await last).done, true);
  });

  it("notices a peer that is frozen", async () => {
    const { reasons, requests } = await readAll([
      async function* (_request, signal) {
        yield { opened: { heartbeat: durationFromMs(5) }, cursor: "c.1" };
        await aborted(signal);
      },
      async function* () {},
    ]);
    assert.deepEqual([reasons, requests.length], [["the daemon did not answer"], 2]);
  });

  it("takes a slow reader for no frozen peer", async () => {
    const { client, requests } = createFakeEvents([
      async function* () {
        yield { opened: { heartbeat: durationFromMs(5) }, cursor: "c.1" };
        yield { cursor: "c.2" };
      },
    ]);
    for await (const _response of watch(client, { untilCaughtUp: true })) await pause(50);
    assert.equal(requests.length, 1);
  });

  it("throws an end that another try would only repeat", async () => {
    const cursors = ["CURSOR_OTHER_LOG", "CURSOR_AHEAD", "CURSOR_MALFORMED"];
    // A reason that this client has never heard of is the daemon's explanation all the same.
    const others = ["SESSION_DELETED", "UNAUTHENTICATED", "PERMISSION_REVOKED", "FROM_THE_FUTURE"];
    for (const reason of [...cursors, ...others]) {
      const failing: Connection = async function* () {
        yield { cursor: "c.1" };
        throw ended(reason);
      };
      await assert.rejects(
        readAll([failing]),
        ({ code }: ConnectError) => code === Code.Unavailable,
      );
    }
  });

  it("resumes when the daemon says that it stops, or that another try may help", async () => {
    const said = ["SHUTTING_DOWN", "LIMIT_REACHED", "STORE_FULL"];
    const reasons = said.map(async (reason) => {
      const failing: Connection = async function* () {
        yield { cursor: "c.1" };
        throw ended(reason);
      };
      return (await readAll([failing, async function* () {}])).reasons;
    });
    assert.deepEqual((await Promise.all(reasons)).flat(), said);
  });

  it("resumes whatever a connection says without the daemon's own reason", async () => {
    const codes = Object.values(Code).filter((code) => typeof code === "number");
    const resumed = codes.map(async (code) => {
      const failing: Connection = async function* () {
        yield { cursor: "c.1" };
        throw new ConnectError("somebody between", code);
      };
      return (await readAll([failing, async function* () {}])).reasons;
    });
    assert.deepEqual(
      (await Promise.all(resumed)).flat(),
      codes.map((code) => `${Code[code]}: somebody between`),
    );
    assert.equal(codes.length, 16);
  });

  it("takes the end of a watch without an end for a cut", async () => {
    const leave = new AbortController();
    const { client, requests } = createFakeEvents([
      async function* () {
        yield { cursor: "c.1" };
      },
      async function* () {
        yield { cursor: "c.2" };
      },
    ]);
    const reasons: string[] = [];
    const onResume = (why: string) => void reasons.push(why);
    for await (const { cursor } of watch(client, { signal: leave.signal, onResume })) {
      if (cursor === "c.2") leave.abort();
    }
    assert.deepEqual(
      [reasons, requests.map(({ from }) => from.value)],
      [["the stream ended"], [undefined, "c.1"]],
    );
  });

  it("throws what is our own fault and no connection's", async () => {
    const { client } = createFakeEvents([async function* () {}]);
    const onResume = () => {
      throw new Error("a bug in the caller");
    };
    const failing = async () => {
      for await (const _response of watch(client, { onResume }));
    };
    await assert.rejects(failing, /a bug in the caller/);
  });
});
