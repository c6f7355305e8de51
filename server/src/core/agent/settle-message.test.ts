import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { PartKind, PartStartSchema } from "@daphnia/protocol/event";
import { MessageSchema } from "@daphnia/protocol/message";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { unpackCadence } from "../log/testing/unpack-cadence.ts";
import { brokenMessage, settleMessage } from "./settle-message.ts";
import { textPart } from "./testing/bench-tool.ts";

const { blobs } = openMemoryStore(() => 0);
const place = { turnId: "t", step: 1, message: create(MessageSchema), interrupted: false };

async function completed(draftId: string, cadence: Uint8Array) {
  const settled = await settleMessage({ ...place, draftId, cadence }, blobs);
  const made = settled.facts[0]?.body;
  assert.ok(made?.case === "messageCompleted");
  return { ...settled, value: made.value };
}

describe("settleMessage", () => {
  it("ends its draft, and none where nothing streamed", async () => {
    assert.deepEqual((await completed("d", new Uint8Array())).settles, ["d"]);
    assert.deepEqual((await completed("", new Uint8Array())).settles, []);
  });

  it("keeps a cadence of 64 KiB in the event, and a longer one as a blob", async () => {
    const short = await completed("d", new Uint8Array(64 * 1024));
    assert.deepEqual([short.value.cadence.length, short.blobs], [64 * 1024, []]);
    const long = await completed("d", new Uint8Array(64 * 1024 + 1));
    assert.equal(long.value.cadence.length, 0);
    assert.equal(long.value.cadenceBlob?.size, 65_537n);
    assert.deepEqual(
      long.blobs.map(({ digest }) => digest),
      [long.value.cadenceBlob?.digest],
    );
  });
});

describe("a message of more parts than an event holds", () => {
  const parts = Array.from({ length: 20_000 }, (_, i) => textPart(`${i}`.padStart(100)));
  const message = create(MessageSchema, { parts });
  const settle = (interrupted: boolean) =>
    settleMessage(
      { ...place, message, interrupted, draftId: "d", cadence: new Uint8Array() },
      blobs,
    );

  it("is no answer where it is whole", async () => {
    await assert.rejects(settle(false), {
      name: "ModelError",
      kind: "malformed",
      message: "the answer has 20000 parts, too many for one event",
    });
  });

  it("is kept as far as it fits where it was cut off", async () => {
    const { facts, settles } = await settle(true);
    const made = facts[0]?.body;
    assert.ok(made?.case === "messageCompleted");
    const kept = made.value.message?.parts ?? [];
    assert.equal(kept.length, 5000);
    assert.deepEqual(kept, parts.slice(0, 5000));
    assert.deepEqual(settles, ["d"]);
  });
});

describe("brokenMessage", () => {
  it("keeps the place of a part that did not stream, which is lost", () => {
    const start = (part: number) => ({
      ...{ part, delay: 0, isStart: true, index: 0, offset: 0, total: 0 },
      bytes: toBinary(PartStartSchema, create(PartStartSchema, { kind: PartKind.TEXT })),
    });
    const said = { ...start(2), isStart: false, bytes: new TextEncoder().encode("two") };
    const pieces = [start(2), said];
    const draft = { draftId: "d", sessionId: "s", turnId: "t", step: 2, pieces };
    const { message } = brokenMessage(draft, () => "m");
    assert.deepEqual(
      message.parts.map(({ kind }) => kind.value),
      ["", "", "two"],
    );
  });

  it("is what a draft's pieces say, call ids and times too", () => {
    const start = (part: number, kind: PartKind, callId = "") => ({
      ...{ part, delay: 5, isStart: true, index: 0, offset: 0, total: 0 },
      bytes: toBinary(PartStartSchema, create(PartStartSchema, { kind, callId, tool: "t" })),
    });
    const piece = (part: number, text: string) => ({
      ...{ part, delay: 7, isStart: false, index: 0, offset: 0, total: 0 },
      bytes: new TextEncoder().encode(text),
    });
    const pieces = [
      start(0, PartKind.THINKING),
      piece(0, "hm"),
      start(1, PartKind.TEXT),
      piece(1, "\uFEFFI "),
      start(2, PartKind.TOOL_ARGUMENTS, "call-1"),
      piece(1, "will"),
      piece(2, '{"a'),
    ];
    const draft = { draftId: "d", sessionId: "s", turnId: "t", step: 2, pieces };
    const { message, interrupted, cadence } = brokenMessage(draft, () => "m");
    assert.deepEqual(
      message.parts.map(({ kind }) =>
        kind.case === "toolCall" ? [kind.value.callId, kind.value.arguments] : kind.value,
      ),
      ["hm", "\uFEFFI will", ["call-1", '{"a']],
    );
    assert.equal(interrupted, true);
    assert.deepEqual(
      unpackCadence(cadence).map(({ part, bytes, delay }) => [part, bytes, delay]),
      [
        [0, 0, 5],
        [0, 2, 7],
        [1, 0, 5],
        [1, 5, 7],
        [2, 0, 5],
        [1, 4, 7],
        [2, 3, 7],
      ],
    );
  });
});
