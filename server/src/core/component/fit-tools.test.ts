import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitTools } from "./fit-tools.ts";
import { remoteTool } from "./testing/fake-driver.ts";

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("fitTools", () => {
  it("takes what a tool may say at most", () => {
    const tools = [
      remoteTool("a", { description: "é".repeat(8 * 1024) }),
      remoteTool("b", { parameters: JSON.stringify({ a: "x".repeat(64 * 1024 - 8) }) }),
      remoteTool("c", { parameters: nested(64) }),
      remoteTool("d".repeat(128)),
    ];
    assert.deepEqual(fitTools(tools), { tools, leftOut: "" });
  });

  const cases = {
    'the description of "a" has more than 16384 bytes': { description: `${"é".repeat(8192)}.` },
    'the schema of "a" has more than 65536 bytes': {
      parameters: JSON.stringify({ a: "x".repeat(64 * 1024 - 7) }),
    },
    'the schema of "a" is nested deeper than 64': { parameters: nested(65) },
    'the name "" has not 1 to 128 characters': { name: "" },
    '"fine" is named twice': { name: "fine" },
  };
  for (const [why, more] of Object.entries(cases)) {
    it(`leaves out what says too much: ${why}`, () => {
      const fine = remoteTool("fine");
      const leftOut = `1 of its 2 tools are left out: ${why}`;
      assert.deepEqual(fitTools([fine, remoteTool("a", more)]), { tools: [fine], leftOut });
    });
  }

  it("takes as many as one approval can show", () => {
    const large = Array.from({ length: 100 }, (_, i) =>
      remoteTool(`t${i}`, { description: "x".repeat(16_000) }),
    );
    const { tools, leftOut } = fitTools(large);
    assert.equal(tools.length, 32);
    assert.equal(
      leftOut,
      "68 of its 100 tools are left out: all of them have more than 524288 bytes",
    );
  });
});
