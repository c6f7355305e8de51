import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findJsonFault } from "./json-fault.ts";

describe("findJsonFault", () => {
  it("says that a text ends too early, and after what", () => {
    assert.equal(
      findJsonFault('{"a": "b'),
      'it ends too early, at position 8: expected the closing quote of a string after "{\\"a\\": \\"b"',
    );
    assert.match(findJsonFault("") ?? "", /ends too early, at position 0: expected a value/);
  });

  it("says what was expected in each place", () => {
    const expected = (text: string) => /expected (.*), after/.exec(findJsonFault(text) ?? "")?.[1];
    assert.deepEqual(
      ["{a:1}", '{"a" 1}', '{"a":tru}', '{"a":1,}', "[1 2]", "{} x", '["\n"]', '["\\q"]'].map(
        expected,
      ),
      [
        'a name in double quotes or "}"',
        '":"',
        "a value",
        "a name in double quotes",
        '"," or "]"',
        "nothing more",
        "no control character as it is in a string",
        "an escape such as \\n or \\\\ in a string",
      ],
    );
  });

  it("agrees with JSON.parse about every cut and every changed letter of a document", () => {
    const document = ' {"a":[1,-2.5e+3,true,null,{"b\\u00e9\\n":"x"}],"c":{}, "d":[]}\n';
    const cuts = Array.from(document, (_, i) => document.slice(0, i));
    const changes = Array.from(document, (_, i) =>
      Array.from(
        '{}[],:"\\0e.-tx\n\u00a0',
        (letter) => document.slice(0, i) + letter + document.slice(i + 1),
      ),
    );
    for (const text of [document, ...cuts, ...changes.flat()]) {
      assert.equal(findJsonFault(text) === undefined, isJson(text), JSON.stringify(text));
    }
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
