import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fill, fillWhole, placeholderProblem } from "./placeholders.ts";

const fillings = { prompt: "  Say {{open}} $& ", results: ["one", "🦐".repeat(201)] };

describe("fill", () => {
  it("puts the prompt and the results in their places, unread", () => {
    assert.equal(
      fill("<{{prompt}}> {{result.0}}, {{open}}x}}", fillings),
      "<Say {{open}} $&> one, {{x}}",
    );
  });

  it("shortens to 200 characters without splitting one", () => {
    assert.equal(fill("{{result.1}}", fillings), `${"🦐".repeat(200)}…`);
  });

  it("says so when there is no such result", () => {
    assert.equal(fill("{{result.2}}", fillings), "(there is no result 2)");
  });
});

describe("fillWhole", () => {
  it("fills every text and shortens nothing", () => {
    assert.deepEqual(fillWhole({ a: ["{{result.1}}", 1, true, { b: "{{prompt}}" }] }, fillings), {
      a: [fillings.results[1], 1, true, { b: fillings.prompt }],
    });
  });
});

describe("placeholderProblem", () => {
  it("is silent about those that exist", () => {
    assert.equal(
      placeholderProblem({ a: ["{{prompt}} {{result.12}} {{open}} { {x} }"] }),
      undefined,
    );
  });

  it("names the first that does not", () => {
    assert.equal(
      placeholderProblem({ a: [1, "{{reslt.0}} {{other}}"] }),
      'unknown placeholder {{reslt.0}}; did you mean "result.0"? ' +
        "expected {{prompt}}, {{result.N}} with N from 0 on, or {{open}} for a plain {{",
    );
  });
});
