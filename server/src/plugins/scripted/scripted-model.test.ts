import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { type Message, MessageSchema, Role } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import { UsageSchema } from "@daphnia/protocol/usage";
import type { Clock } from "../../base/clock.ts";
import type { ModelPart, ModelRequest } from "../../core/model/model.ts";
import { ModelError } from "../../core/model/model-error.ts";
import { parseScript } from "./script.ts";
import { createScriptedModel } from "./scripted-model.ts";

const stoppedClock: Clock = {
  now: () => new Date(0),
  monotonic: () => 0,
  after: () => assert.fail("no timer is expected"),
};

function modelOf(text: string, clock: Clock = stoppedClock) {
  return createScriptedModel("mine", parseScript(text, "mine.toml"), { clock });
}

function user(text: string, messageId = "m1"): Message {
  const parts = [{ kind: { case: "text" as const, value: text } }];
  return create(MessageSchema, { messageId, role: Role.USER, parts });
}

function requestOf(...messages: Message[]): ModelRequest {
  const tools = [create(ToolSchema, { name: "glob", parameters: "{}", readOnly: true })];
  return { system: "Be brief.", messages, tools, blob: () => assert.fail("no blob is read") };
}

const never = new AbortController().signal;

async function partsOf(parts: AsyncIterable<ModelPart>): Promise<ModelPart[]> {
  const all: ModelPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** The pieces until it fails, and how it failed. */
async function failureOf(parts: AsyncIterable<ModelPart>) {
  const pieces: string[] = [];
  try {
    for await (const part of parts) if (part.kind === "piece") pieces.push(part.text);
  } catch (error) {
    assert.ok(error instanceof ModelError);
    const { kind, message, retryAfter } = error;
    return { pieces, kind, message, retryAfter };
  }
  return { pieces };
}

const looking = `
chunk = 6
[[turn]]
[[turn.step]]
think = "Hm 🦐🦐🦐🦐"
say = "You said {{prompt}}"
usage = { input = 10, output = 20, thinking = 3 }
[[turn.step.call]]
tool = "glob"
arguments = { pattern = "*.md" }
[[turn.step.call]]
tool = "read"
raw_arguments = '{"path"'
[[turn.step]]
say = "I saw {{result.0}}"
chunk = 0
`;
const body =
  '{"system":"Be brief.","messages":[{"messageId":"m1","role":"ROLE_USER","parts":[{"text":"hey"}]}],' +
  '"tools":[{"name":"glob","parameters":"{}","readOnly":true}]}';

describe("createScriptedModel", () => {
  it("plays a step part by part", async () => {
    const model = modelOf(looking);
    assert.deepEqual([model.provider, model.name], ["scripted", "mine"]);
    assert.deepEqual(await partsOf(model.stream(requestOf(user("hey")), never)), [
      { kind: "request", mediaType: "application/json", body: new TextEncoder().encode(body) },
      { kind: "start", block: "thinking", of: "thinking" },
      { kind: "piece", block: "thinking", text: "Hm 🦐🦐🦐" },
      { kind: "piece", block: "thinking", text: "🦐" },
      { kind: "end", block: "thinking" },
      { kind: "start", block: "text", of: "text" },
      { kind: "piece", block: "text", text: "You sa" },
      { kind: "piece", block: "text", text: "id hey" },
      { kind: "end", block: "text" },
      {
        kind: "start",
        block: "call_0_0_0",
        of: "tool_call",
        providerCallId: "call_0_0_0",
        tool: "glob",
      },
      { kind: "piece", block: "call_0_0_0", text: '{"patt' },
      { kind: "piece", block: "call_0_0_0", text: 'ern":"' },
      { kind: "piece", block: "call_0_0_0", text: '*.md"}' },
      { kind: "end", block: "call_0_0_0" },
      {
        kind: "start",
        block: "call_0_0_1",
        of: "tool_call",
        providerCallId: "call_0_0_1",
        tool: "read",
      },
      { kind: "piece", block: "call_0_0_1", text: '{"path' },
      { kind: "piece", block: "call_0_0_1", text: '"' },
      { kind: "end", block: "call_0_0_1" },
      {
        kind: "finish",
        reason: "tool_calls",
        usage: create(UsageSchema, { inputTokens: 10n, outputTokens: 20n, thinkingTokens: 3n }),
        responseModel: "mine",
      },
    ]);
  });

  const answered = requestOf(
    user("hey"),
    create(MessageSchema, { role: Role.ASSISTANT }),
    create(MessageSchema, {
      role: Role.TOOL,
      parts: [
        {
          kind: {
            case: "toolResult",
            value: { callId: "c", parts: [{ kind: { case: "text", value: "a.md" } }] },
          },
        },
      ],
    }),
  );

  it("goes on after the results and estimates the usage", async () => {
    const parts = await partsOf(modelOf(looking).stream(answered, never));
    const [request] = parts;
    assert.ok(request?.kind === "request");
    assert.deepEqual(parts.slice(1), [
      { kind: "start", block: "text", of: "text" },
      { kind: "piece", block: "text", text: "I saw a.md" },
      { kind: "end", block: "text" },
      {
        kind: "finish",
        reason: "stop",
        usage: create(UsageSchema, {
          inputTokens: BigInt(Math.ceil(request.body.length / 4)),
          outputTokens: 3n,
        }),
        responseModel: "mine",
      },
    ]);
  });

  it("says that the script has ended when the turn goes on", async () => {
    const next = requestOf(...answered.messages, create(MessageSchema, { role: Role.ASSISTANT }));
    assert.deepEqual(await failureOf(modelOf(looking).stream(next, never)), {
      pieces: ['The script "mine" has no step 3 for prompt 1: it ends here.'],
    });
  });

  it("answers the same request alike, asked again or of another model", async () => {
    const model = modelOf(looking);
    const first = await partsOf(model.stream(requestOf(user("hey")), never));
    assert.deepEqual(await partsOf(model.stream(requestOf(user("hey")), never)), first);
    assert.deepEqual(await partsOf(modelOf(looking).stream(requestOf(user("hey")), never)), first);
  });

  const failing = (how: string) => `
[[turn]]
[[turn.step]]
pieces = ["one", "two", "three"]
fail = { kind = "overloaded", message = "too many", ${how} }
`;

  it("fails before the first piece, as often as told, for each prompt", async () => {
    const model = modelOf(failing("times = 2, retry_after_ms = 30"));
    const attempt = (id: string) => failureOf(model.stream(requestOf(user("hey", id)), never));
    const failed = { pieces: [], kind: "overloaded", message: "too many", retryAfter: 30 };
    const succeeded = { pieces: ["one", "two", "three"] };
    assert.deepEqual(
      [await attempt("a"), await attempt("a"), await attempt("a"), await attempt("b")],
      [failed, failed, succeeded, failed],
    );
  });

  it("fails after some pieces, or after the last when there are not so many", async () => {
    const failed = { kind: "overloaded", message: "too many", retryAfter: undefined };
    for (const [after, pieces] of [
      [2, ["one", "two"]],
      [9, ["one", "two", "three"]],
    ] as const) {
      const model = modelOf(failing(`after_pieces = ${after}`));
      assert.deepEqual(await failureOf(model.stream(requestOf(user("hey")), never)), {
        pieces: [...pieces],
        ...failed,
      });
    }
  });

  it("tells what it used before it fails, and nothing where it said nothing", async () => {
    const spent: (bigint | undefined)[] = [];
    for (const after of [0, 1]) {
      const model = modelOf(`${failing(`after_pieces = ${after}`)}usage = { input = 9 }`);
      await assert.rejects(async () => {
        for await (const part of model.stream(requestOf(user("hey")), never)) {
          if (part.kind === "usage") spent.push(part.usage.inputTokens);
        }
      }, ModelError);
    }
    assert.deepEqual(spent, [9n]);
  });

  it("sends nothing once it is canceled", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    controller.abort(reason);
    await assert.rejects(
      partsOf(modelOf(looking).stream(requestOf(user("hey")), controller.signal)),
      (error) => error === reason,
    );
  });

  it("stops between two pieces when it is canceled there", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const pieces: string[] = [];
    await assert.rejects(
      async () => {
        for await (const part of modelOf(looking).stream(
          requestOf(user("hey")),
          controller.signal,
        )) {
          if (part.kind !== "piece") continue;
          pieces.push(part.text);
          controller.abort(reason);
        }
      },
      (error) => error === reason,
    );
    assert.deepEqual(pieces, ["Hm 🦐🦐🦐"]);
  });

  it("pauses between pieces, and stops in a pause when it is canceled", async () => {
    const waits: number[] = [];
    const alarms: (() => void)[] = [];
    const clock: Clock = {
      ...stoppedClock,
      after(ms, call) {
        waits.push(ms);
        alarms.push(call);
        return () => alarms.splice(alarms.indexOf(call), 1);
      },
    };
    const controller = new AbortController();
    const reason = new Error("enough");
    const pieces: string[] = [];
    const run = async () => {
      const model = modelOf(`pace_ms = 7\n${looking}`, clock);
      for await (const part of model.stream(requestOf(user("hey")), controller.signal)) {
        if (part.kind === "piece") pieces.push(part.text);
      }
    };
    const stopped = assert.rejects(run, (error) => error === reason);
    await setImmediate();
    assert.deepEqual(pieces, ["Hm 🦐🦐🦐"]);
    alarms.pop()?.();
    await setImmediate();
    assert.deepEqual(pieces, ["Hm 🦐🦐🦐", "🦐"]);
    controller.abort(reason);
    await stopped;
    assert.deepEqual(waits, [7, 7]);
    assert.deepEqual(alarms, []);
  });

  for (const [said, expected] of [
    ['pieces = ["one"]', ["request", "start", "piece", "usage"]],
    ["", ["request"]],
  ] as const) {
    it(`hangs after ${expected.length} parts until it is canceled`, async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const kinds: string[] = [];
      const run = async () => {
        const model = modelOf(`[[turn]]\n[[turn.step]]\nhang = true\n${said}`);
        for await (const part of model.stream(requestOf(user("hey")), controller.signal)) {
          kinds.push(part.kind);
        }
      };
      const stopped = assert.rejects(run, (error) => error === reason);
      await setImmediate();
      assert.deepEqual(kinds, expected);
      controller.abort(reason);
      await stopped;
    });
  }

  it("can be left in the middle", async () => {
    for await (const part of modelOf(looking).stream(requestOf(user("hey")), never)) {
      if (part.kind === "piece") break;
    }
  });
});
