import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AgentSchema, ResumePolicy } from "@daphnia/protocol/agent";
import { tellMistake } from "./mistake.ts";
import { readAgent } from "./read-agent.ts";

const file = "agents/x.md";

async function mistakesOf(text: string): Promise<string[]> {
  const reading = await readAgent("x", text, file);
  return reading.kind === "agent" ? [] : reading.mistakes.map(tellMistake);
}

describe("an agent's file", () => {
  it("has the fields of an agent as front matter, and its instructions below", async () => {
    const text = `---
name: x
description: "Reviews: code"  # short
model: anthropic/claude
tools:
  - read
  - grep
max_steps: 12
resume: ask
---

# Review

Look at --- lines too.
---
`;
    assert.deepEqual(await readAgent("x", text, file), {
      kind: "agent",
      agent: create(AgentSchema, {
        name: "x",
        description: "Reviews: code",
        model: "anthropic/claude",
        tools: ["read", "grep"],
        maxSteps: 12,
        resume: ResumePolicy.ASK,
        instructions: "# Review\n\nLook at --- lines too.\n---",
        origin: file,
      }),
    });
  });

  it("may have no front matter, an empty one, or Windows' line ends", async () => {
    for (const text of ["Help.", "---\n---\nHelp.\n", "\uFEFF---\r\n---\r\nHelp.\r\n"]) {
      const agent = create(AgentSchema, { name: "x", instructions: "Help.", origin: file });
      assert.deepEqual(await readAgent("x", text, file), { kind: "agent", agent }, text);
    }
  });

  it("may list its tools in one line, and say off without quotes", async () => {
    const reading = await readAgent("x", "---\ntools: read, grep\nresume: off\n---\nx", file);
    assert.ok(reading.kind === "agent");
    assert.deepEqual(reading.agent.tools, ["read", "grep"]);
    assert.equal(reading.agent.resume, ResumePolicy.OFF);
  });

  it("tells every mistake with its line, and names that are near", async () => {
    const text = "---\n# a comment\nmodle: a/b\nresume: asks\nmax_steps: many\ntools: 3\n---\nx";
    assert.deepEqual(await mistakesOf(text), [
      'agents/x.md:3: modle: unknown key; did you mean "mode" or "model"?',
      'agents/x.md:4: resume: must be one of auto, ask, off, got "asks"; did you mean "ask"?',
      'agents/x.md:5: max_steps: must be a whole number, 1 to 10000, got "many"',
      'agents/x.md:6: tools: must be a list of tools, such as ["read", "grep"] or ["*"], got 3',
    ]);
  });

  for (const [text, expected] of [
    [
      "---\ntools: *\n---\nx",
      'agents/x.md:2: not YAML: Alias cannot be an empty string; write "*" with quotes',
    ],
    ["---\nmodel: a\n---\nx", 'agents/x.md:2: model: must be provider/model, got "a"'],
    [
      "---\nname: y\n---\nx",
      'agents/x.md:2: name: an agent is named by its file: leave name out, or write x, got "y"',
    ],
    ["---\nmodel: a/b\nmodel: c/d\n---\nx", "agents/x.md:3: not YAML: Map keys must be unique"],
    [
      "---\n- a\n---\nx",
      "agents/x.md:2: the front matter must be keys and values, such as `tools: [read]`",
    ],
    [
      "---\nmodel: a/b\nHelp.\n",
      "agents/x.md:1: the front matter is not closed: a line of --- must follow it",
    ],
    ["---\nmodel: a/b\n---\n", "agents/x.md:4: there are no instructions below the front matter"],
    ["", "agents/x.md:1: there are no instructions below the front matter"],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, async () => {
      assert.deepEqual(await mistakesOf(text), [expected]);
    });
  }
});
