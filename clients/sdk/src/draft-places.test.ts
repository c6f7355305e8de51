import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { PartKind } from "@daphnia/protocol/event";
import { WatchResponseSchema } from "@daphnia/protocol/event_service";
import { createDraftPlaces } from "./draft-places.ts";

const start = {
  draftId: "call",
  piece: { case: "start", value: { kind: PartKind.OUTPUT } } as const,
};
const print = (offset: number, ...data: number[]) => ({
  draftId: "call",
  offset: BigInt(offset),
  piece: { case: "data", value: Uint8Array.from(data) } as const,
});

describe("createDraftPlaces", () => {
  it("tells each byte of an output once, and goes on behind a hole", () => {
    const places = createDraftPlaces();
    const told = (...deltas: (typeof start | ReturnType<typeof print>)[]) =>
      places
        .fresh(create(WatchResponseSchema, { deltas }))
        .deltas.map(({ piece, offset }) => [
          Number(offset),
          piece.case === "data" ? [...piece.value] : piece.case,
        ]);
    assert.deepEqual(told(start, print(0, 1, 2, 3)), [
      [0, "start"],
      [0, [1, 2, 3]],
    ]);
    assert.deepEqual(told(start, print(1, 2, 3, 0xc3)), [[3, [0xc3]]]);
    assert.deepEqual(told(print(0, 1), print(9, 7)), [[9, [7]]]);
    assert.deepEqual(places.held(), { call: 10n });
  });

  it("holds nothing of a call that is over", () => {
    const places = createDraftPlaces();
    const body = { case: "toolCallFinished", value: { callId: "call" } } as const;
    places.fresh(create(WatchResponseSchema, { deltas: [start, print(0, 1)] }));
    places.fresh(create(WatchResponseSchema, { events: [{ body }] }));
    assert.deepEqual(places.held(), {});
  });
});
