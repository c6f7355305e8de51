import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  MessageSchema,
  type Part,
  PartSchema,
  Role,
  ToolResultSchema,
} from "@daphnia/protocol/message";
import type { Clock } from "../../base/clock.ts";
import { DaemonError } from "../../base/errors.ts";
import type { Model } from "../../core/model/model.ts";
import { createScriptedModels } from "./load-scripts.ts";

/** Time passes at once. */
const clock: Clock = {
  now: () => new Date(0),
  monotonic: () => 0,
  after(_, call) {
    queueMicrotask(call);
    return () => undefined;
  },
};

const prompt = create(MessageSchema, {
  messageId: "m1",
  role: Role.USER,
  parts: [{ kind: { case: "text", value: "What is this?" } }],
});

function answerTo(model: Model): Promise<string> {
  return textOf(model, [prompt]);
}

async function textOf(model: Model, messages: (typeof prompt)[]): Promise<string> {
  const request = { system: "", messages, tools: [], blob: () => assert.fail("no blob is read") };
  let text = "";
  for await (const part of model.stream(request, new AbortController().signal)) {
    if (part.kind === "piece" && part.block === "text") text += part.text;
  }
  return text;
}

function script(say: string): string {
  return `[[turn]]\n[[turn.step]]\nsay = "${say}"\n`;
}

function resultOf(text: string): Part {
  const parts = [create(PartSchema, { kind: { case: "text", value: text } })];
  const value = create(ToolResultSchema, { parts });
  return create(PartSchema, { kind: { case: "toolResult", value } });
}

describe("createScriptedModels", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "daphnia-scripts-"));
    await writeFile(join(folder, "hello.toml"), script("Hello."));
    await writeFile(join(folder, "Not A Name.toml"), script("no"));
    await writeFile(join(folder, "notes.txt"), "no");
    await writeFile(join(folder, "broken.toml"), '\n[[turn]]\n[[turn.step]]\nsya = "x"\n');
  });
  after(() => rm(folder, { recursive: true }));

  const refusal = async (name: string): Promise<string> => {
    const error = await createScriptedModels({ folder, clock })
      .open(name)
      .then(
        () => assert.fail("it was opened"),
        (thrown: unknown) => thrown,
      );
    assert.ok(error instanceof DaemonError);
    assert.equal(error.refusal, "invalid_argument");
    return error.message.replaceAll(folder, "SCRIPTS");
  };

  it("lists what is there, and the demo also without a folder", async () => {
    assert.deepEqual(await createScriptedModels({ folder, clock }).list(), [
      "broken",
      "demo",
      "hello",
    ]);
    const nowhere = join(folder, "nowhere");
    assert.deepEqual(await createScriptedModels({ folder: nowhere, clock }).list(), ["demo"]);
  });

  it("reads the file at each opening", async () => {
    const models = createScriptedModels({ folder, clock });
    await writeFile(join(folder, "hello.toml"), script("Hello."));
    assert.equal(await answerTo(await models.open("hello")), "Hello.");
    await writeFile(join(folder, "hello.toml"), script("Good day."));
    assert.equal(await answerTo(await models.open("hello")), "Good day.");
  });

  it("counts attempts on over several openings", async () => {
    const models = createScriptedModels({ folder, clock });
    const failing = `${script("Done.")}fail = { kind = "network", message = "gone", times = 1 }\n`;
    await writeFile(join(folder, "flaky.toml"), failing);
    await assert.rejects(models.open("flaky").then(answerTo), { kind: "network", message: "gone" });
    assert.equal(await models.open("flaky").then(answerTo), "Done.");
    await rm(join(folder, "flaky.toml"));
  });

  it("names what there is for an unknown name", async () => {
    assert.equal(
      await refusal("helllo"),
      'model: no script "helllo"; did you mean "hello"? there are scripted/broken, ' +
        "scripted/demo, scripted/hello; others are read from SCRIPTS/NAME.toml",
    );
  });

  it("lets no name out of the folder", async () => {
    for (const name of ["../hello", "a/b", "", ".hidden", "Hello"]) {
      assert.equal(
        await refusal(name),
        `model: a script's name is a-z 0-9 . _ - starting with a letter or digit, got "${name}"`,
      );
    }
  });

  it("points at a mistake in a script", async () => {
    assert.equal(
      await refusal("broken"),
      'SCRIPTS/broken.toml:4: unknown key "sya"; did you mean "say"?',
    );
  });
});

describe("the demo", () => {
  const variables = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"];
  const answer = create(MessageSchema, { messageId: "m2", role: Role.ASSISTANT });
  const results = create(MessageSchema, {
    messageId: "m3",
    role: Role.TOOL,
    parts: [resultOf("README.md"), resultOf("src/a.ts:1: TODO")],
  });
  const demo = () => createScriptedModels({ folder: "/nowhere", clock }).open("demo");

  it("calls real tools at once and says that it is a script", async () => {
    const model = await demo();
    const calls: string[] = [];
    const request = { system: "", messages: [prompt], tools: [], blob: () => assert.fail() };
    for await (const part of model.stream(request, new AbortController().signal)) {
      if (part.kind === "start" && part.of === "tool_call") calls.push(part.tool);
    }
    assert.deepEqual(calls, ["glob", "grep"]);
    assert.match(await answerTo(model), /I am a script, not a model/);
  });

  it("says what the tools answered and how to get a real model", async () => {
    const text = await textOf(await demo(), [prompt, answer, results]);
    for (const part of ["README.md", "src/a.ts:1: TODO", "scripted", ...variables]) {
      assert.ok(text.includes(part), part);
    }
  });

  it("repeats every later prompt and says that it cannot understand it", async () => {
    const history = [prompt, answer, results, answer, prompt];
    for (let count = 2; count < 5; count++, history.push(answer, prompt)) {
      const text = await textOf(await demo(), history);
      for (const part of [
        "script, not a model",
        "cannot understand",
        "What is this?",
        ...variables,
      ]) {
        assert.ok(text.includes(part), part);
      }
    }
  });
});
