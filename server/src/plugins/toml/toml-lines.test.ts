import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "smol-toml";
import { lineOf, type TomlPath } from "./toml-lines.ts";

/** Every number in it is the line it stands on. */
const numbered = `# 1
top = 2 # a comment with [brackets] and "quotes
"quoted \\"key\\" = [" = 3
'literal.key' = 4
dotted . "in ner".deep = 5
text = """
[[not.a.table]]
no = 0 \\""" still ""text"""""
after_text = 9
literal = '''
no = 0 ''x'''
after_literal = 12
list = [ 13, # one
  14,
  [15,
   16], { a = 16, b = [16] },
]
inline = { a = 18, "b" = { c = 18 }, d = "}] # no", e = 18 }
date = 1979-05-27 07:32:00
[table]
key = 21
[table.sub]
key = 23
[[array]]
key = 25
  [[array.inner]]
  key = 27
  [[array.inner]]
  key = 29
  [array.inner.settings]
  key = 31
[[array]]
\tkey\t=\t33
[[array.inner]]
key = 35
[ 'spaced' . out ]
key = 37
`;

function* numbersOf(value: unknown, path: TomlPath): Iterable<{ path: TomlPath; line: number }> {
  if (typeof value === "number") yield { path, line: value };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* numbersOf(item, [...path, index]);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* numbersOf(item, [...path, key]);
  }
}

describe("lineOf", () => {
  for (const [name, end] of [
    ["LF", "\n"],
    ["CRLF", "\r\n"],
  ] as const) {
    it(`finds every value of a text with ${name}`, () => {
      const text = numbered.replaceAll("\n", end);
      const expected = [...numbersOf(parse(text, {}), [])];
      assert.equal(expected.length, 24);
      assert.deepEqual(
        expected.map(({ path }) => ({ path, line: lineOf(text, path) })),
        expected,
      );
    });
  }

  it("gives the nearest table's line for what is not there", () => {
    assert.equal(lineOf(numbered, ["array", 0, "inner", 1, "absent"]), 28);
    assert.equal(lineOf(numbered, ["array", 1]), 32);
    assert.equal(lineOf(numbered, ["array"]), 24);
    assert.equal(lineOf(numbered, ["absent"]), 1);
    assert.equal(lineOf(numbered, []), 1);
  });

  it("comes to an end on any text", () => {
    for (const text of [
      "[",
      "a = [1",
      "a = {b",
      "= ]",
      "}",
      'a = "',
      '"',
      "[[x",
      "\u0000",
      "a = '''",
    ]) {
      assert.equal(lineOf(text, ["nothing"]), 1);
    }
  });
});
