import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { substitute } from "./substitute.ts";

const environment = { KEY: "sk-1", HOST: "example.org", EMPTY: "" };
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is what a person writes

describe("substitution", () => {
  it("puts variables in, wherever they stand", () => {
    assert.deepEqual(substitute("https://${HOST}/v1?k=${KEY}", environment), {
      kind: "text",
      text: "https://example.org/v1?k=sk-1",
      hasVariables: true,
    });
  });

  it("leaves text without variables, and what was escaped", () => {
    for (const [given, text] of [
      ["plain $KEY {KEY} $", "plain $KEY {KEY} $"],
      ["$${KEY}", "${KEY}"],
      ["a$${", "a${"],
    ] as const) {
      assert.deepEqual(substitute(given, environment), { kind: "text", text, hasVariables: false });
    }
  });

  it("names a variable that is not set, or empty", () => {
    assert.deepEqual(substitute("${NOPE}", environment), { kind: "unset", variable: "NOPE" });
    assert.deepEqual(substitute("${EMPTY}", environment), { kind: "unset", variable: "EMPTY" });
  });

  it("takes nothing else for a reference", () => {
    for (const text of ["${", "${KEY", "${}", "${K EY}", "${1}", "${KEY:-x}"]) {
      assert.deepEqual(substitute(text, environment), { kind: "malformed" }, text);
    }
  });

  it("does not look into what it put in", () => {
    const nested = { A: "${KEY}", ...environment };
    assert.deepEqual(substitute("${A}", nested), {
      kind: "text",
      text: "${KEY}",
      hasVariables: true,
    });
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is what a person writes
