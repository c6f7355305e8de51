import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PartKind } from "@daphnia/protocol/event";
import { recordedDeltas, unpackCadence } from "./cadence.ts";
import { callPart, createRecorder, textPart } from "./testing/recorder.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("unpackCadence", () => {
  it("reads varints of part, bytes and milliseconds", () => {
    assert.deepEqual(unpackCadence(bytes(0, 0, 0, 0, 0xac, 0x02, 0x80, 0x80, 0x01, 1, 5, 7)), [
      { part: 0, bytes: 0, delay: 0 },
      { part: 0, bytes: 300, delay: 16384 },
      { part: 1, bytes: 5, delay: 7 },
    ]);
    assert.deepEqual(unpackCadence(bytes()), []);
  });
});

describe("recordedDeltas", () => {
  const place = { turnId: "t", step: 2 };
  const message = (value: object) =>
    createRecorder("s")(0, { case: "messageCompleted", value: { draftId: "d", ...value } }, place);
  const told = async (event: ReturnType<typeof message>, blobs: Record<string, Uint8Array> = {}) =>
    (await recordedDeltas(event, async (digest) => blobs[digest] ?? assert.fail(digest))).map(
      ({ after, delta }) => [after, delta.part, Number(delta.offset), delta.piece],
    );

  it("tells the pieces of each part by bytes, and what the part is where it begins", async () => {
    const parts = [textPart("Grüße 🦐"), callPart("c", "glob", '{"a":1}')];
    // Text, then arguments that begin while the text goes on.
    const cadence = bytes(0, 0, 3, 0, 4, 2, 1, 0, 1, 1, 7, 0, 0, 8, 250, 1);
    const event = message({ message: { parts }, cadence });
    const deltas = await recordedDeltas(event, () => assert.fail("no blob is read"));
    assert.deepEqual(
      deltas.map(({ after, delta }) => [after, delta.part, Number(delta.offset)]),
      [
        [3, 0, 0],
        [5, 0, 0],
        [6, 1, 0],
        [6, 1, 0],
        [256, 0, 4],
      ],
    );
    const pieces = deltas.map(({ delta }) =>
      delta.piece.case === "start"
        ? [delta.piece.value.kind, delta.piece.value.callId, delta.piece.value.tool]
        : delta.piece.value,
    );
    const args = PartKind.TOOL_ARGUMENTS;
    assert.deepEqual(pieces, [
      [PartKind.TEXT, "", ""],
      "Grü",
      [args, "c", "glob"],
      '{"a":1}',
      "ße 🦐",
    ]);
    assert.ok(
      deltas.every(({ delta: { sessionId, turnId, step, draftId } }) =>
        [sessionId === "s", turnId === "t", step === 2, draftId === "d"].every(Boolean),
      ),
    );
  });

  it("reads a long cadence, and a part that the event holds only the ends of, from blobs", async () => {
    const part = { ...textPart("ac"), full: { digest: "whole" }, elided: 1n };
    const event = message({ message: { parts: [part] }, cadenceBlob: { digest: "beats" } });
    const blobs = { whole: new TextEncoder().encode("abc"), beats: bytes(0, 2, 1, 0, 1, 1) };
    assert.deepEqual(
      (await told(event, blobs)).map(([after, , , piece]) => [after, piece]),
      [
        [1, { case: "text", value: "ab" }],
        [2, { case: "text", value: "c" }],
      ],
    );
  });

  it("tells nothing of what was not written piece by piece", async () => {
    assert.deepEqual(await told(message({ message: { parts: [textPart("at once")] } })), []);
    const turn = createRecorder("s")(0, { case: "turnStarted", value: {} });
    assert.deepEqual(await told(turn), []);
  });
});
