import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@daphnia/protocol/event";
import type { Message, Part } from "@daphnia/protocol/message";
import { Delivery } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import type { Clock } from "../src/base/clock.ts";
import { createBenchTool, textPart } from "../src/core/agent/testing/bench-tool.ts";
import { by } from "../src/core/session/testing/session-bench.ts";
import type { Tool } from "../src/core/tool/tool.ts";
import { parseScript } from "../src/plugins/scripted/script.ts";
import { createScriptedModel } from "../src/plugins/scripted/scripted-model.ts";
import { openModelBench } from "./model-bench.ts";

const stoppedClock: Clock = {
  now: () => new Date(0),
  monotonic: () => 0,
  after: () => () => {},
};

function scripted(text: string) {
  return createScriptedModel("mine", parseScript(text, "mine.toml"), { clock: stoppedClock });
}

const partsOf = (messages: readonly Message[] = []) => messages.flatMap(({ parts }) => parts);
const textsOf = (parts: readonly Part[]) =>
  parts.map(({ kind }) => (kind.case === "text" ? kind.value : ""));

describe("a call with long arguments", () => {
  it("runs with all of them, and goes on with all of them, while its event has the ends", async () => {
    const content = `${"long é ".repeat(20_000)}end`;
    const args = JSON.stringify({ content });
    const given: unknown[] = [];
    const plain = createBenchTool("write");
    const write: Tool = {
      ...plain,
      claim(value, place) {
        given.push(value);
        return plain.claim(value, place);
      },
    };
    const script = `chunk = 4096
[[turn]]
[[turn.step]]
[[turn.step.call]]
tool = "write"
raw_arguments = '${args}'
[[turn.step]]
say = "written"
`;
    const bench = await openModelBench(scripted(script), [write]);
    const events = await bench.turn("write it");
    const [said] = events.flatMap(({ body }) =>
      body.case === "messageCompleted" ? [body.value.message?.parts[0]] : [],
    );
    assert.ok(said?.kind.case === "toolCall");
    assert.equal(said.full?.size, BigInt(Buffer.byteLength(args)));
    assert.ok(said.kind.value.arguments.length <= 16 * 1024);
    assert.deepEqual(given, [{ content }]);
    const [, call] = partsOf(bench.requests.at(-1)?.messages);
    assert.ok(call?.kind.case === "toolCall");
    assert.equal(call.kind.value.arguments, args);
    assert.deepEqual(bench.bugs, []);
    await bench.close();
  });
});

describe("a tool that answers with very many parts", () => {
  it("has failed, and the model learns why", async () => {
    const parts = Array.from({ length: 20_000 }, (_, i) => textPart(`${i}`.padStart(100)));
    const list = createBenchTool("list", { run: async () => ({ parts, isError: false }) });
    const script = `[[turn]]
[[turn.step]]
[[turn.step.call]]
tool = "list"
[[turn.step]]
say = "too many"
`;
    const bench = await openModelBench(scripted(script), [list]);
    const events = await bench.turn("list it");
    const finished = events.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? [body.value] : [],
    );
    assert.deepEqual(
      finished.map(({ status, parts: said }) => [ToolCallStatus[status], textsOf(said)]),
      [["TOOL_ERROR", ["the tool answered with 20000 parts, more than one event can hold"]]],
    );
    assert.deepEqual(bench.bugs, []);
    await bench.close();
  });
});

describe("a prompt", () => {
  const say = '[[turn]]\n[[turn.step]]\nsay = "read"\n';
  const prompt = (parts: readonly Part[]) => ({
    parts,
    delivery: Delivery.QUEUE,
    maxSteps: 0,
    model: "",
    unattended: false,
  });

  it("of many long texts fits into its event, and is read whole", async () => {
    const bench = await openModelBench(scripted(say), []);
    const texts = Array.from({ length: 30 }, (_, i) => `${i} ${"text ".repeat(12_000)}`);
    await bench.session.prompt(prompt(texts.map((text) => textPart(text))), { by });
    const events = await bench.turn("go");
    const sizes = events.map((event) => toBinary(EventSchema, event).length);
    assert.ok(Math.max(...sizes) <= 1024 * 1024);
    assert.deepEqual(textsOf(partsOf(bench.requests[0]?.messages)), texts);
    await bench.close();
  });

  it("of too many parts is refused by the field that is wrong", async () => {
    const bench = await openModelBench(scripted(say), []);
    const parts = Array.from({ length: 50_000 }, (_, i) => textPart(`part ${i} of very many`));
    await assert.rejects(bench.session.prompt(prompt(parts), { by }), {
      refusal: "invalid_argument",
      detail: {
        reason: "INVALID_FIELD",
        fields: [
          {
            field: "parts",
            description:
              "must fit into the 1048576 bytes of an event, but 50000 parts are too many",
          },
        ],
      },
    });
    await bench.close();
  });
});
