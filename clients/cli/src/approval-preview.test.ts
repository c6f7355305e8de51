import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ApprovalKind, ApprovalSchema } from "@daphnia/protocol/approval";
import { RuleAction } from "@daphnia/protocol/permission";
import { previewLines } from "./approval-preview.ts";
import type { Paint } from "./screen.ts";

const { ALLOW, ASK } = RuleAction;
const marked: Paint = (style, text) => `<${String(style)}>${text}`;
const plain: Paint = (_style, text) => text;

function preview(approval: MessageInitShape<typeof ApprovalSchema>, paint = plain): string[] {
  const about = { id: "session-1/approval-2", sessionId: "session-1", agent: "default" };
  const expireTime = timestampFromMs(90_000);
  return previewLines(create(ApprovalSchema, { ...about, expireTime, ...approval }), 0, paint);
}

describe("previewLines", () => {
  it("tells a command as it was written and as it was read, and what always would add", () => {
    const argv = [{ kind: { case: "stringValue", value: "rm" } as const }];
    const lines = preview({
      kind: ApprovalKind.PERMISSION,
      tool: "bash",
      arguments: JSON.stringify({ command: "ls\nrm \u200bx" }),
      claims: [
        { kind: "run", subject: "ls", action: ALLOW, rule: "standard:plain" },
        { kind: "run", subject: "rm \u200bx", action: ASK, rule: "standard:otherwise" },
      ],
      rule: "standard:otherwise",
      why: "nothing allows it",
      rules: [{ tool: "bash", action: ALLOW, argv }],
    });
    assert.deepEqual(lines, [
      "default wants to run bash",
      "  session-1/approval-2 · denied if nobody answers within 1 min 30 s",
      "  command: ls",
      "    rm \\u200bx",
      "  ACTION  CLAIM  WHAT        RULE",
      "  allow   run    ls          standard:plain",
      "  ask     run    rm \\u200bx  standard:otherwise",
      "  nothing allows it (rule standard:otherwise)",
      "  always would add:",
      '    {"tool":"bash","action":"allow","argv":["rm"]}',
    ]);
  });

  it("colours a diff, and shows no arguments beside it", () => {
    const lines = preview(
      {
        kind: ApprovalKind.PERMISSION,
        tool: "edit",
        arguments: '{"path":"x"}',
        diff: "--- x\n+++ x\n@@ -1 +1 @@\n-one\u001b[2J\n+two\n same\n",
        why: "it writes",
      },
      marked,
    );
    assert.deepEqual(lines.slice(2), [
      "<red>  --- x",
      "<green>  +++ x",
      "<cyan>  @@ -1 +1 @@",
      "<red>  -one\\x1b[2J",
      "<green>  +two",
      "   same",
      "  it writes",
    ]);
  });

  it("numbers a question's options", () => {
    const questions = [
      {
        text: "Where to?",
        options: [{ label: "Fly", description: "as before" }, { label: "Here" }],
        multiple: true,
      },
    ];
    const lines = preview({ kind: ApprovalKind.QUESTION, tool: "ask_user", questions });
    assert.deepEqual(lines, [
      "default asks",
      "  session-1/approval-2 · denied if nobody answers within 1 min 30 s",
      "  Where to? (several may be chosen: 1, 2)",
      "    1  Fly: as before",
      "    2  Here",
    ]);
  });
});
