import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { ApprovalChoice, ApprovalKind, ApprovalSchema } from "@daphnia/protocol/approval";
import { askDecision } from "./ask-decision.ts";
import { createDialog } from "./dialog.ts";

const { ALLOW_ONCE, ALLOW_ALWAYS, DENY } = ApprovalChoice;
const { PERMISSION, QUESTION } = ApprovalKind;
const permission = create(ApprovalSchema, {
  kind: PERMISSION,
  choices: [ALLOW_ONCE, ALLOW_ALWAYS, DENY],
});

/** What becomes of an approval where a person types these lines and then hangs up. */
async function decided(approval: typeof permission, typed: readonly string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const dialog = createDialog({ input, output });
  const said: string[] = [];
  const talk = { dialog, say: (line: string) => void said.push(line) };
  const decision = askDecision(approval, talk, new AbortController().signal);
  for (const line of typed) {
    await new Promise(setImmediate); // each line answers a question that is open
    input.write(`${line}\n`);
  }
  await new Promise(setImmediate);
  input.end();
  const result = await decision;
  dialog.close();
  return { decision: result, said, shown };
}

describe("askDecision", () => {
  it("tells allow once from allow always by the letter's case, and offers only what may be", async () => {
    const once = await decided(permission, ["s", "a"]);
    assert.deepEqual(once.decision, { choice: ALLOW_ONCE, reason: "", answers: [] });
    assert.match(once.shown, /^\[a\]llow once, \[A\]lways, \[d\]eny\? /);
    assert.deepEqual(once.said, ["type a (once), A (always), d (deny)"]);
    const always = await decided(permission, ["A"]);
    assert.equal(always.decision?.choice, ALLOW_ALWAYS);
  });

  it("asks why something is denied", async () => {
    const { decision } = await decided(permission, ["d", "use the staging host"]);
    assert.deepEqual(decision, { choice: DENY, reason: "use the staging host", answers: [] });
  });

  it("decides nothing where the person hangs up", async () => {
    assert.equal((await decided(permission, [])).decision, undefined);
    assert.equal((await decided(permission, ["d"])).decision, undefined);
  });

  it("is taken back when the signal aborts", async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const dialog = createDialog({ input, output });
    const leave = new AbortController();
    const decision = askDecision(permission, { dialog, say: () => {} }, leave.signal);
    leave.abort();
    assert.equal(await decision, undefined);
    dialog.close();
  });

  it("takes an answer for each question", async () => {
    const questions = [{ text: "Where?", options: [{ label: "Fly" }] }, { text: "When?" }];
    const approval = create(ApprovalSchema, { kind: QUESTION, questions });
    const { decision, said } = await decided(approval, ["7", "1", "soon"]);
    assert.deepEqual(decision, {
      choice: ALLOW_ONCE,
      reason: "",
      answers: [
        { labels: ["Fly"], text: "" },
        { labels: [], text: "soon" },
      ],
    });
    assert.deepEqual(said.slice(0, 2), [
      "Where?",
      "type a number from the list or an answer of your own; `deny` gives none",
    ]);
    const denied = await decided(approval, ["deny"]);
    assert.deepEqual(denied.decision, { choice: DENY, reason: "", answers: [] });
  });
});
