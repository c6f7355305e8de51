import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { DeltaSchema, MessageCompletedSchema, PartKind } from "@daphnia/protocol/event";
import { createPieces } from "./pieces.ts";

const text = (value: string) => ({ kind: { case: "text", value } as const });

describe("createPieces", () => {
  it("tells with the message what no delta told", async () => {
    const pieces = createPieces(async () => "");
    const delta = create(DeltaSchema, { draftId: "d", piece: { case: "text", value: "one " } });
    const message = {
      parts: [text("one two"), { kind: { case: "thinking", value: "hm" } as const }],
    };
    const told = [
      pieces.ofDelta(delta),
      ...(await pieces.ofMessage(create(MessageCompletedSchema, { draftId: "d", message }))),
    ];
    assert.deepEqual(
      told.map((piece) => [piece?.kind, piece?.part, piece?.text]),
      [
        ["text", 0, "one "],
        ["text", 0, "two"],
        ["thinking", 1, "hm"],
      ],
    );
  });

  it("knows what kind of part a piece is of", () => {
    const pieces = createPieces(async () => "");
    const value = { kind: PartKind.TOOL_ARGUMENTS, tool: "glob" };
    pieces.ofDelta(create(DeltaSchema, { draftId: "d", piece: { case: "start", value } }));
    const piece = pieces.ofDelta(
      create(DeltaSchema, { draftId: "d", piece: { case: "text", value: "{}" } }),
    );
    assert.deepEqual(piece, { draftId: "d", part: 0, kind: "arguments", tool: "glob", text: "{}" });
  });

  it("fetches the whole of a part that the event cuts short", async () => {
    const pieces = createPieces(async (digest) => `all of ${digest}`);
    const part = { ...text("all…"), full: { digest: "abc" }, elided: 9n };
    const [piece] = await pieces.ofMessage(
      create(MessageCompletedSchema, { message: { parts: [part] } }),
    );
    assert.equal(piece?.text, "all of abc");
  });

  it("tells what a call prints, whole characters, and how much was never told", () => {
    const pieces = createPieces(async () => "");
    const print = (offset: number, ...data: number[]) => {
      const piece = { case: "data", value: Uint8Array.from(data) } as const;
      const told = pieces.ofDelta(
        create(DeltaSchema, { draftId: "c", offset: BigInt(offset), piece }),
      );
      return told?.kind === "output" ? [told.tool, told.text, told.data.length, told.missed] : told;
    };
    const value = { kind: PartKind.OUTPUT, callId: "c", tool: "bash" };
    pieces.ofDelta(create(DeltaSchema, { draftId: "c", piece: { case: "start", value } }));
    assert.deepEqual(
      [print(0, 104, 0xc3), print(2, 0xa9, 33), print(100, 0xa9, 34)],
      [
        ["bash", "h", 2, 0],
        ["bash", "é!", 2, 0],
        ["bash", '\ufffd"', 2, 96],
      ],
    );
    pieces.forget("c");
    assert.deepEqual(print(5, 33), ["", "!", 1, 5]);
  });
});
