import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { createPieces } from "@daphnia/client/pieces";
import { PartKind } from "@daphnia/protocol/event";
import { WatchResponseSchema } from "@daphnia/protocol/event_service";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { createScreen } from "./screen.ts";
import { createTurnView } from "./turn-view.ts";

type Told = MessageInitShape<typeof WatchResponseSchema>;

const sink = (add: (text: string) => void) =>
  new Writable({
    write(chunk, _encoding, done) {
      add(String(chunk));
      done();
    },
  });

/** What a person gets to see of a turn: data, and talk. */
async function shown(...told: readonly Told[]) {
  let [out, err] = ["", ""];
  const screen = createScreen(
    sink((text) => {
      out += text;
    }),
    sink((text) => {
      err += text;
    }),
  );
  const view = createTurnView(
    screen,
    createPieces(async () => ""),
  );
  for (const response of told) await view.apply(create(WatchResponseSchema, response));
  view.close();
  return { out, err };
}

const start = (draftId: string, part: number, kind: PartKind) => ({
  draftId,
  part,
  piece: { case: "start", value: { kind } } as const,
});
const piece = (draftId: string, part: number, value: string) => ({
  draftId,
  part,
  piece: { case: "text", value } as const,
});
const completed = (draftId: string, ...parts: { kind: { case: "text"; value: string } }[]) => ({
  body: { case: "messageCompleted", value: { draftId, message: { parts } } } as const,
});
const text = (value: string) => ({ kind: { case: "text", value } as const });

describe("createTurnView", () => {
  it("keeps the answer apart from what was thought", async () => {
    const { out, err } = await shown(
      { deltas: [start("d", 0, PartKind.THINKING), piece("d", 0, "hm "), piece("d", 0, "hm")] },
      { deltas: [start("d", 1, PartKind.TEXT), piece("d", 1, "one "), piece("d", 1, "two")] },
    );
    assert.deepEqual({ out, err }, { out: "one two\n", err: "hm hm\n" });
  });

  it("sets messages apart, and tells each character once", async () => {
    const { out } = await shown(
      { deltas: [start("d", 0, PartKind.TEXT), piece("d", 0, "one")] },
      { events: [completed("d", text("one, whole"))] },
      { events: [completed("e", text("two"))] },
    );
    assert.equal(out, "one, whole\n\ntwo\n");
  });

  it("gives each tool call a row, and says why one was refused", async () => {
    const call = (callId: string, args: string) => ({
      kind: { case: "toolCall", value: { callId, tool: "read", arguments: args } } as const,
    });
    const message = { parts: [call("a", '{"path":"x"}'), call("b", '{"path":"/etc"}')] };
    const denied = {
      callId: "b",
      status: ToolCallStatus.DENIED,
      parts: [text("outside\u001b[0m\nof it")],
    };
    const { out, err } = await shown({
      events: [
        { body: { case: "messageCompleted", value: { draftId: "d", message } } },
        { body: { case: "toolCallStarted", value: { callId: "a" } } },
        { body: { case: "toolCallFinished", value: denied } },
        {
          body: {
            case: "toolCallFinished",
            value: { callId: "a", status: ToolCallStatus.OK, duration: durationFromMs(7) },
          },
        },
      ],
    });
    assert.deepEqual(
      { out, err },
      {
        out: "",
        err: "  ✗ read path=/etc denied: outside\\x1b[0m\\nof it\n  ✓ read path=x 7 ms\n",
      },
    );
  });

  it("says that a broken attempt is made again", async () => {
    const { out, err } = await shown(
      { deltas: [start("d", 0, PartKind.TEXT), piece("d", 0, "bro")] },
      { events: [completed("d", text("bro"))] },
      {
        events: [
          { body: { case: "stepRetried", value: { reason: { kind: 3, message: "busy" } } } },
        ],
      },
      { events: [completed("e", text("whole"))] },
    );
    assert.deepEqual(
      { out, err },
      { out: "bro\n\nwhole\n", err: "  ↻ overloaded: busy; trying again\n" },
    );
  });

  it("shows a plan as a list, what a call changed, and how an approval was answered", async () => {
    const plan = '{"tasks":[{"text":"look","status":"done"},{"text":"act","status":"active"}]}';
    const call = (callId: string, tool: string, args: string) => ({
      kind: { case: "toolCall", value: { callId, tool, arguments: args } } as const,
    });
    const message = { parts: [call("a", "plan", plan), call("b", "edit", '{"path":"x.txt"}')] };
    const ok = { status: ToolCallStatus.OK, duration: durationFromMs(7) };
    const diff = "--- x.txt\n+++ x.txt\n@@ -1 +1,2 @@\n-one\n+two\n+three\n";
    const changes = [{ path: "/r/x.txt", diff }];
    const resolved = { approvalId: "s/approval-1", choice: 1, peer: "127.0.0.1:5" };
    const { err } = await shown({
      events: [
        { body: { case: "messageCompleted", value: { draftId: "d", message } } },
        { body: { case: "toolCallFinished", value: { callId: "a", ...ok } } },
        {
          principal: { id: "owner" },
          body: { case: "approvalResolved", value: resolved },
        },
        { body: { case: "toolCallFinished", value: { callId: "b", ...ok, changes } } },
      ],
    });
    assert.equal(
      err,
      [
        "  ✓ plan 7 ms",
        "    ✓ look",
        "    ▸ act",
        "  · allowed once by owner from 127.0.0.1:5 · s/approval-1",
        "  ✓ edit path=x.txt 7 ms · x.txt +2 -1",
        "",
      ].join("\n"),
    );
  });
});
