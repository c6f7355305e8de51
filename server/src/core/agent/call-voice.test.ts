import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { AgentSchema } from "@daphnia/protocol/agent";
import { AnswerSchema, ApprovalChoice, QuestionSchema } from "@daphnia/protocol/approval";
import {
  type ApprovalResolved,
  ApprovalResolvedSchema,
  EventSchema,
} from "@daphnia/protocol/event";
import { PartSchema, ToolCallSchema } from "@daphnia/protocol/message";
import { createCounter, createManualClock } from "../log/testing/manual-clock.ts";
import { createCallVoice } from "./call-voice.ts";
import { foldCalls, noCalls, requestCalls } from "./open-calls.ts";
import type { TurnDeps } from "./turn-deps.ts";

const question = create(QuestionSchema, { text: "Who?" });

/** A voice whose facts are committed as a turn commits them. */
function speak() {
  const clock = createManualClock();
  const cancel = new AbortController();
  const call = create(ToolCallSchema, { callId: "c", tool: "one__a", arguments: "{}" });
  const part = create(PartSchema, { kind: { case: "toolCall", value: call } });
  let calls = { ...noCalls, ...requestCalls(noCalls, 1, [part]) };
  const [open] = calls.openCalls;
  if (open === undefined) throw new Error("it asks for one call");
  const waiting = new Map<string, (resolved: ApprovalResolved) => void>();
  const told: string[] = [];
  const commit = (body: Parameters<typeof fold>[0]) => {
    told.push(body.case === "toolCallProgressed" ? `${body.value.done}` : (body.case ?? ""));
    fold(body);
  };
  const fold = (body: ReturnType<typeof create<typeof EventSchema>>["body"]) => {
    calls = { ...calls, ...foldCalls(calls, create(EventSchema, { body })) };
  };
  const deps: Partial<TurnDeps> = {
    ...{ clock, mint: createCounter(), agent: create(AgentSchema, { name: "a" }) },
    place: {
      ...{ sessionId: "s", roots: [], closed: [], cwd: "/", envPass: [], hasNetwork: false },
    },
    approvalTimeout: () => 1000,
    state: () => ({ ...calls, turnId: "t" }) as ReturnType<TurnDeps["state"]>, // a voice reads no more of it
    resolution: (id, signal) =>
      new Promise((resolve, reject) => {
        waiting.set(id, resolve);
        signal.addEventListener("abort", () => {
          waiting.delete(id);
          reject(signal.reason);
        });
      }),
  };
  const voice = createCallVoice(open, deps as TurnDeps, cancel.signal); // it needs no more of them
  const over = (async () => {
    for await (const { facts } of voice.facts()) for (const { body } of facts) commit(body);
  })();
  const answer = (choice: ApprovalChoice) => {
    const [id, resolve] = [...waiting][0] ?? [];
    const answers = [create(AnswerSchema, { text: "Ada" })];
    const resolved = create(ApprovalResolvedSchema, { approvalId: id ?? "", choice, answers });
    commit({ case: "approvalResolved", value: resolved });
    waiting.delete(resolved.approvalId);
    resolve?.(resolved);
  };
  return { voice, clock, cancel, told, over, answer, waiting };
}

const progress = (done: number) => ({ done, total: 10, message: "" });
const asking = ["approvalRequested", "approvalResolved"];

describe("a call's voice", () => {
  it("tells of progress at most once a second, and then of the latest", async () => {
    const { voice, clock, told } = speak();
    for (let i = 1; i <= 10_000; i++) voice.progress(progress(i));
    await settle();
    assert.deepEqual(told, ["1"]);
    clock.advance(999);
    await settle();
    assert.deepEqual(told, ["1"]);
    clock.advance(1);
    await settle();
    assert.deepEqual([told, clock.waiting()], [["1", "10000"], 0]);
  });

  it("leaves nothing behind when the call has ended, whatever it says after", async () => {
    const { voice, clock, told, over } = speak();
    voice.progress(progress(1));
    voice.progress(progress(2));
    voice.end();
    voice.progress(progress(3));
    assert.equal(await voice.ask([question]), undefined);
    await over;
    assert.deepEqual([told, clock.waiting()], [["1"], 0]);
  });

  it("asks one question at a time", async () => {
    const { voice, told, answer } = speak();
    const first = voice.ask([question]);
    await settle();
    assert.equal(await voice.ask([question]), undefined);
    answer(ApprovalChoice.ALLOW_ONCE);
    assert.deepEqual(
      (await first)?.map(({ text }) => text),
      ["Ada"],
    );
    const second = voice.ask([question]);
    await settle();
    answer(ApprovalChoice.DENY);
    assert.equal(await second, undefined);
    assert.deepEqual(told, [...asking, ...asking]);
  });

  it("waits for nobody when the turn is canceled, and takes the question back", async () => {
    const { voice, told, over, cancel, waiting } = speak();
    const asked = voice.ask([question]);
    await settle();
    const why = new Error("the turn was canceled");
    cancel.abort(why);
    await assert.rejects(asked, why);
    voice.end();
    await over;
    assert.deepEqual([told, waiting.size], [asking, 0]);
  });

  it("takes back what it asked when the call ends without the answer", async () => {
    const { voice, told, over, waiting } = speak();
    const asked = voice.ask([question]);
    await settle();
    voice.end();
    await assert.rejects(asked, /the call ended/);
    await over;
    assert.deepEqual([told, waiting.size], [asking, 0]);
  });

  it("takes nothing back that was answered", async () => {
    const { voice, told, over, answer } = speak();
    const asked = voice.ask([question]);
    await settle();
    answer(ApprovalChoice.ALLOW_ONCE);
    await asked;
    voice.end();
    await over;
    assert.deepEqual(told, asking);
  });
});
