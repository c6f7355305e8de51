import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Agent, ResumePolicy } from "@daphnia/protocol/agent";
import { readAgent } from "./read-agent.ts";
import { writeAgent } from "./write-agent.ts";

const text = `---
# whose it is
description: 'Reviews code'   # short
tools:
  - read   # files
  - grep
resume: ask
---

Do  it.

`;

async function agentOf(source: string): Promise<Agent> {
  const reading = await readAgent("x", source, "agents/x.md");
  assert.ok(reading.kind === "agent");
  return reading.agent;
}

describe("writing an agent", () => {
  it("changes no byte where nothing changed", async () => {
    assert.equal(await writeAgent(await agentOf(text), text), text);
  });

  it("changes the instructions alone", async () => {
    const agent = { ...(await agentOf(text)), instructions: "Do more." };
    assert.equal(await writeAgent(agent, text), text.replace("Do  it.\n\n", "Do more.\n"));
  });

  it("keeps comments and the order of what a person wrote", async () => {
    const agent = {
      ...(await agentOf(text)),
      description: "Reads code",
      model: "a/b",
      resume: ResumePolicy.AUTO,
    };
    const written = await writeAgent(agent, text);
    assert.match(written, /# whose it is\ndescription: '?Reads code'? +# short\n/);
    assert.match(written, /- read +# files\n {2}- grep\nmodel: a\/b\n---\n\nDo {2}it\.\n\n$/);
    assert.doesNotMatch(written, /resume/);
  });

  it("writes anew what is broken or was not there", async () => {
    const agent = await agentOf(text);
    const plain =
      "---\ndescription: Reviews code\ntools:\n  - read\n  - grep\nresume: ask\n---\n\nDo  it.\n";
    assert.equal(await writeAgent(agent, undefined), plain);
    assert.equal(await writeAgent(agent, "---\nodd: [\n---\n"), plain);
    assert.equal(await writeAgent(agent, "---\nodd: 1\n---\nx"), plain);
    assert.equal(await writeAgent(agent, "---\nnever closed"), plain);
  });

  it("reads back as the same agent, whatever it says", async () => {
    for (const change of [
      { description: "a: b # c" },
      { description: "--- \n---\nx" },
      { tools: ["*"] },
      { tools: [] },
      { maxSteps: 3 },
      { instructions: "---\nnot: front matter\n---\n\nJust text." },
      { description: "", tools: [], resume: ResumePolicy.AUTO },
    ]) {
      const agent = { ...(await agentOf(text)), ...change };
      for (const before of [text, undefined]) {
        const read = await agentOf(await writeAgent(agent, before));
        const resume = agent.resume === ResumePolicy.AUTO ? 0 : agent.resume;
        assert.deepEqual(read, { ...agent, resume });
      }
    }
  });
});
