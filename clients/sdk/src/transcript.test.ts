import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PartKind } from "@daphnia/protocol/event";
import { WatchResponseSchema } from "@daphnia/protocol/event_service";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { createTranscript } from "./transcript.ts";

type Told = MessageInitShape<typeof WatchResponseSchema>;

const text = (value: string) => ({ kind: { case: "text", value } as const });

/** What each entry shows: its kind, its parts, and what is special about it. */
function foldOf(...told: readonly Told[]) {
  const transcript = createTranscript();
  for (const response of told) transcript.apply(create(WatchResponseSchema, response));
  return transcript
    .entries()
    .map(({ kind, parts, isError, isDraft, interrupted, superseded }) => [
      kind,
      parts.map((part) => [part.kind.case, part.kind.value]),
      { isError, isDraft, interrupted, superseded },
    ]);
}

const plain = { isError: false, isDraft: false, interrupted: false, superseded: false };

describe("createTranscript", () => {
  it("places a prompt where the model first sees it", () => {
    const entries = foldOf({
      events: [
        { body: { case: "promptAccepted", value: { promptId: "p", parts: [text("hi")] } } },
        { body: { case: "promptAccepted", value: { promptId: "q", parts: [text("never")] } } },
        { body: { case: "promptWithdrawn", value: { promptId: "q" } } },
        { body: { case: "promptDelivered", value: { promptId: "p" } } },
      ],
    });
    assert.deepEqual(entries, [["prompt", [["text", "hi"]], plain]]);
  });

  it("shows a draft part by part, and being told twice is harmless", () => {
    const piece = (part: number, offset: number, value: string) => ({
      draftId: "d",
      part,
      offset: BigInt(offset),
      piece: { case: "text", value } as const,
    });
    const starts = [PartKind.THINKING, PartKind.TEXT].map((kind, part) => ({
      draftId: "d",
      part,
      piece: { case: "start", value: { kind } } as const,
    }));
    const entries = foldOf(
      { deltas: [...starts, piece(0, 0, "hm"), piece(1, 0, "Grü")] },
      { deltas: [piece(1, 2, "üße"), piece(1, 2, "üße")] },
    );
    const parts = [
      ["thinking", "hm"],
      ["text", "Grüße"],
    ];
    assert.deepEqual(entries, [["message", parts, { ...plain, isDraft: true }]]);
  });

  it("replaces the draft by its message, in place, and marks what a retry replaced", () => {
    const completed = (draftId: string, value: string, interrupted: boolean) => ({
      case: "messageCompleted" as const,
      value: { draftId, interrupted, message: { parts: [text(value)] } },
    });
    const draft = (draftId: string) => ({
      draftId,
      piece: { case: "text", value: "a" } as const,
    });
    const entries = foldOf(
      { deltas: [draft("d")] },
      { events: [{ seq: 5n, body: completed("d", "a…", true) }] },
      { events: [{ seq: 6n, body: { case: "stepRetried", value: { supersedesSeq: 5n } } }] },
      { deltas: [draft("e")] },
      { events: [{ seq: 7n, body: completed("e", "all", false) }] },
      {
        events: [
          {
            seq: 8n,
            body: {
              case: "toolCallFinished",
              value: { callId: "c", status: ToolCallStatus.OK, parts: [text("ok")] },
            },
          },
        ],
      },
    );
    assert.deepEqual(entries, [
      ["message", [["text", "a…"]], { ...plain, interrupted: true, superseded: true }],
      ["message", [["text", "all"]], plain],
      ["result", [["text", "ok"]], plain],
    ]);
  });

  it("answers calls that ran side by side in the order they ended", () => {
    const finished = (callId: string, status: ToolCallStatus) => ({
      turnId: "t",
      body: {
        case: "toolCallFinished" as const,
        value: { callId, status, parts: [text(callId)] },
      },
    });
    const entries = foldOf({
      events: [finished("b", ToolCallStatus.OK), finished("a", ToolCallStatus.DENIED)],
    });
    assert.deepEqual(entries, [
      ["result", [["text", "b"]], plain],
      ["result", [["text", "a"]], { ...plain, isError: true }],
    ]);
  });

  it("forgets with its turn a draft that nothing settled", () => {
    const lost = { draftId: "d", turnId: "t", piece: { case: "text", value: "lost" } as const };
    const other = { ...lost, draftId: "e", turnId: "u" };
    const entries = foldOf(
      { deltas: [lost, other] },
      { events: [{ turnId: "t", body: { case: "turnFinished", value: {} } }] },
    );
    assert.deepEqual(entries, [["message", [["text", "lost"]], { ...plain, isDraft: true }]]);
  });

  it("keeps a mark at the start of a text, and takes time only for what is new", () => {
    const transcript = createTranscript();
    const piece = "\ufeffabc";
    const count = 20_000;
    for (let at = 0; at < count; at++) {
      const offset = BigInt(at * 6);
      const delta = { draftId: "d", offset, piece: { case: "text", value: piece } as const };
      transcript.apply(create(WatchResponseSchema, { deltas: [delta] }));
    }
    const [part] = transcript.entries()[0]?.parts ?? [];
    assert.equal(part?.kind.value, piece.repeat(count));
  });

  it("shows the end of what a call prints until its result takes the place", () => {
    const encoder = new TextEncoder();
    const start = { kind: PartKind.OUTPUT, callId: "c", tool: "bash" };
    const print = (offset: number, said: string) => ({
      draftId: "c",
      offset: BigInt(offset),
      piece: { case: "data", value: encoder.encode(said) } as const,
    });
    const begun = { draftId: "c", piece: { case: "start", value: start } as const };
    const other = {
      case: "toolCallFinished",
      value: { callId: "b", status: ToolCallStatus.OK },
    } as const;
    const told = [
      { deltas: [begun, print(0, "one "), print(4, "twö")] },
      { events: [{ body: other }] },
      { deltas: [print(4, "two "), print(1000, "end")] },
    ];
    const draft = { ...plain, isDraft: true };
    assert.deepEqual(foldOf(...told.slice(0, 1)), [["result", [["text", "one twö"]], draft]]);
    assert.deepEqual(foldOf(...told)[0], ["result", [["text", "end"]], draft]);
    const value = { callId: "c", status: ToolCallStatus.OK, parts: [text("done")] };
    assert.deepEqual(foldOf(...told, { events: [{ body: { case: "toolCallFinished", value } }] }), [
      ["result", [], plain],
      ["result", [["text", "done"]], plain],
    ]);
  });
});
