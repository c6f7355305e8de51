import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineComponent, tool, z } from "./component.ts";
import type { Call } from "./tool.ts";

const call: Call = {
  signal: new AbortController().signal,
  log: { info() {}, warn() {}, error() {} },
  progress: async () => {},
};
const answerOf = (value: unknown) =>
  tool({ name: "t", description: "", handler: () => value }).run({}, call);
const text = (said: string) => ({ content: [{ type: "text", text: said }] });

describe("what a handler answers", () => {
  const cases: readonly [string, unknown, unknown][] = [
    ["a string as it is", "a", text("a")],
    ["a number as text", 1.5, text("1.5")],
    ["nothing as an empty text", undefined, text("")],
    ["null as text", null, text("null")],
    ["a list as text alone", [1, "b"], text('[1,"b"]')],
    [
      "an object as structure",
      { at: new Date(0), left: undefined },
      {
        ...text('{"at":"1970-01-01T00:00:00.000Z"}'),
        structuredContent: { at: "1970-01-01T00:00:00.000Z" },
      },
    ],
    [
      "an object whose content is none",
      { content: 1 },
      { ...text('{"content":1}'), structuredContent: { content: 1 } },
    ],
    ["a whole result as it is", { ...text("no"), isError: true }, { ...text("no"), isError: true }],
  ];
  for (const [what, value, result] of cases) {
    it(`is told: ${what}`, async () => {
      assert.deepEqual(await answerOf(value), result);
    });
  }
});

describe("what is no component", () => {
  const one = tool({ name: "one", description: "", handler: () => "" });
  it("is refused when it is put together", () => {
    for (const name of ["", "Hello", "1st", "a_b", "a/../b", "x".repeat(33)]) {
      assert.throws(() => defineComponent({ name, tools: [] }), /a component's name is/);
    }
    for (const name of ["", "a b", "a.b", "x".repeat(65)]) {
      assert.throws(() => tool({ name, description: "", handler: () => "" }), /a tool's name is/);
    }
    const twice = { name: "a", tools: [one, one] };
    assert.throws(() => defineComponent(twice), { message: 'two tools are called "one"' });
  });

  it("knows its arguments by their schema", async () => {
    const typed = tool({
      name: "typed",
      description: "",
      input: z.object({ at: z.coerce.date(), many: z.number().optional() }),
      handler: ({ at, many = 2 }) => `${at.getTime() * many}`,
    });
    assert.deepEqual(await typed.run({ at: new Date(3), many: undefined }, call), text("6"));
  });
});
