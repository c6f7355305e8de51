import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSchemaCompiler } from "./schema-compiler.ts";

describe("createSchemaCompiler", () => {
  it("remembers as many schemas as it may", () => {
    const compiler = createSchemaCompiler(2);
    const first = compiler.compile('{"title":"1"}');
    assert.equal(compiler.compile('{"title":"1"}'), first);
    compiler.compile('{"title":"2"}');
    compiler.compile('{"title":"3"}');
    assert.notEqual(compiler.compile('{"title":"1"}'), first);
  });

  it("leaves formats and unknown keywords alone", () => {
    const check = createSchemaCompiler().compile('{"format":"uri","x-order":1}');
    assert.deepEqual(check.errorsOf("no uri"), []);
  });
});
