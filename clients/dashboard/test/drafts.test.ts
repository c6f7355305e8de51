import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  type Delta,
  DeltaSchema,
  EventSchema,
  MessageCompletedSchema,
} from "@daphnia/protocol/event";
import { createDrafts } from "../src/live/drafts.ts";

function textAt(offset: number, value: string): Delta {
  const place = { sessionId: "s", turnId: "t", draftId: "d", offset: BigInt(offset) };
  return create(DeltaSchema, { ...place, piece: { case: "text", value } });
}

function outputAt(offset: number, length: number): Delta {
  const place = { sessionId: "s", turnId: "t", draftId: "call", offset: BigInt(offset) };
  return create(DeltaSchema, { ...place, piece: { case: "data", value: new Uint8Array(length) } });
}

describe("createDrafts", () => {
  it("joins pieces that follow each other, by bytes and not by characters", () => {
    const drafts = createDrafts();
    for (const delta of [textAt(0, "ü"), textAt(2, "b"), textAt(3, "c")]) drafts.add(delta);
    assert.deepEqual(
      drafts.of("s").map(({ offset, piece }) => [offset, piece.value]),
      [[0n, "übc"]],
    );
  });

  it("keeps apart what was told again from an earlier place", () => {
    const drafts = createDrafts();
    for (const delta of [textAt(0, "abc"), textAt(1, "bc")]) drafts.add(delta);
    assert.deepEqual(
      drafts.of("s").map(({ piece }) => piece.value),
      ["abc", "bc"],
    );
  });

  it("forgets a draft with the event that settles it, and tells other sessions nothing of it", () => {
    const drafts = createDrafts();
    drafts.add(textAt(0, "abc"));
    assert.deepEqual(drafts.of("other"), []);
    const value = create(MessageCompletedSchema, { draftId: "d" });
    drafts.settle(create(EventSchema, { body: { case: "messageCompleted", value } }));
    assert.deepEqual(drafts.of("s"), []);
  });

  it("keeps the last 256 KiB of what a call prints", () => {
    const drafts = createDrafts();
    const piece = 100 * 1024;
    for (let count = 0; count < 10; count++) drafts.add(outputAt(count * piece, piece));
    assert.deepEqual(
      drafts.of("s").map(({ offset }) => Number(offset) / piece),
      [8, 9],
    );
  });
});
