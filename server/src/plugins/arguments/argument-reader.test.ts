import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { ToolSchema } from "@daphnia/protocol/tool";
import { createArgumentReader } from "./argument-reader.ts";

const reader = createArgumentReader();
const read = (schema: unknown, text: string) => {
  const parameters = typeof schema === "string" ? schema : JSON.stringify(schema);
  return reader.read(create(ToolSchema, { name: "t", parameters }), text);
};
const problem = async (schema: unknown, text: string): Promise<string> => {
  const result = await read(schema, text);
  assert.ok("problem" in result, "expected a problem");
  return result.problem;
};
const intro = 'The arguments do not fit the tool "t":';

const file = {
  type: "object",
  properties: {
    path: { type: "string", description: "The file." },
    limit: { type: "integer", maximum: 10 },
    mode: { enum: ["fast", "slow"] },
  },
  required: ["path"],
  additionalProperties: false,
};

describe("createArgumentReader", () => {
  it("gives back arguments that fit, as they are", async () => {
    const value = { path: "a", limit: 3 };
    assert.deepEqual(await read(file, JSON.stringify(value)), { value });
  });

  it("takes blank text as no arguments and a blank schema as any", async () => {
    assert.deepEqual(await read("", " \n"), { value: {} });
    assert.deepEqual(await read("", '{"x":[1]}'), { value: { x: [1] } });
  });

  it("takes long integers as numbers", async () => {
    assert.deepEqual(await read("", '{"n":12345678901234567890}'), {
      value: { n: 12345678901234567000 },
    });
  });

  it("says which argument is missing and what it is", async () => {
    assert.equal(await problem(file, "{}"), `${intro}\n- "path" is missing (string): The file.`);
  });

  it("says what was expected and what was sent, shortened", async () => {
    assert.equal(
      await problem(file, JSON.stringify({ path: ["x".repeat(200)], limit: "5", mode: "quick" })),
      `${intro}
- "path" must be string, got ["${"x".repeat(78)}… (204 characters)
- "limit" must be integer, got "5"
- "mode" must be one of ["fast","slow"], got "quick"`,
    );
    assert.equal(
      await problem(file, '{"path":"a","limit":11}'),
      `${intro}\n- "limit" must be <= 10, got 11`,
    );
  });

  it("names the arguments that an unknown one may be meant as", async () => {
    assert.equal(
      await problem(file, '{"path":"a","limits":1}'),
      `${intro}\n- "limits" is unknown; did you mean "limit"? Known: path, limit, mode`,
    );
    assert.equal(
      await problem(file, '{"path":"a","recursive":1}'),
      `${intro}\n- "recursive" is unknown. Known: path, limit, mode`,
    );
  });

  it("names places in lists and in names with slashes", async () => {
    const schema = {
      properties: { "a/b": { items: { properties: { old: { type: "string" } } } } },
    };
    assert.equal(
      await problem(schema, '{"a/b":[{},{"old":1}]}'),
      `${intro}\n- "a/b[1].old" must be string, got 1`,
    );
  });

  it("says the types of alternatives as one", async () => {
    const schema = { properties: { a: { anyOf: [{ type: "string" }, { type: "null" }] } } };
    assert.equal(await problem(schema, '{"a":1}'), `${intro}\n- "a" must be string or null, got 1`);
  });

  it("keeps the items of a list apart", async () => {
    const item = { oneOf: [{ type: "string" }, { type: "null" }] };
    assert.equal(
      await problem({ properties: { a: { items: item } } }, '{"a":[1,"x",true]}'),
      `${intro}\n- "a[0]" must be string or null, got 1\n- "a[2]" must be string or null, got true`,
    );
  });

  it("says at most eight things", async () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`unknown${i}`, 1]));
    const lines = (await problem(file, JSON.stringify({ path: "a", ...many }))).split("\n");
    assert.equal(lines.length, 9);
    assert.equal(lines[8], "- and 13 more");
  });

  it("refuses what is no object", async () => {
    assert.equal(await problem("", "[1,2]"), "The arguments must be one JSON object, got [1,2]");
    assert.equal(await problem("", "null"), "The arguments must be one JSON object, got null");
  });

  it("says where invalid JSON goes wrong", async () => {
    assert.equal(
      await problem(file, '{"path": "a" "limit": 1}'),
      'The arguments are not valid JSON: at position 13 expected "," or "}", ' +
        'after "{\\"path\\": \\"a\\" " and before "\\"limit\\": 1}"',
    );
  });

  it("reads 2020-12 unless the schema says draft-07", async () => {
    const tuple = { properties: { a: { prefixItems: [{ type: "string" }] } } };
    assert.match(await problem(tuple, '{"a":[1]}'), /"a\[0\]" must be string, got 1/);
    const old = {
      $schema: "http://json-schema.org/draft-07/schema#",
      properties: { a: { items: [{ type: "string" }] } },
    };
    assert.match(await problem(old, '{"a":[1]}'), /"a\[0\]" must be string, got 1/);
  });

  it("takes two schemas with the same id", async () => {
    const schema = { $id: "https://example.com/s", properties: { a: { $ref: "#/$defs/a" } } };
    assert.deepEqual(await read({ ...schema, $defs: { a: {} } }, '{"a":1}'), { value: { a: 1 } });
    const text = { ...schema, $defs: { a: { type: "string" } } };
    assert.match(await problem(text, '{"a":1}'), /"a" must be string, got 1/);
  });

  it("refuses every call of a tool whose schema is unusable", async () => {
    assert.match(
      await problem("{", "{}"),
      /^The tool "t" cannot be called: its own schema is unus/,
    );
    assert.match(await problem("[]", "{}"), /cannot be called/);
    assert.match(await problem({ $ref: "https://example.com/x" }, "{}"), /cannot be called/);
    assert.match(await problem({ type: "text" }, "{}"), /cannot be called/);
  });
});
