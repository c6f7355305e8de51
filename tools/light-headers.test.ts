import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Headers as Light } from "./light-headers.ts";

type Either = Headers | Light;

/** What somebody does with headers, and what comes of it. */
const uses: Readonly<Record<string, (make: (init?: [string, string][]) => Either) => unknown>> = {
  "joins what is appended, under any case": (make) => {
    const headers = make([["A-b", "1"]]);
    headers.append("a-B", "2");
    return [headers.get("A-B"), headers.has("a-b"), [...headers]];
  },
  "replaces and deletes": (make) => {
    const headers = make([["x", "1"]]);
    headers.append("x", "2");
    headers.set("X", "3");
    headers.append("y", "4");
    headers.delete("Y");
    return [...headers.entries()];
  },
  "tells them in order of their names": (make) => {
    const headers = make([
      ["b", "2"],
      ["c", "3"],
      ["A", "1"],
    ]);
    const told: unknown[] = [];
    headers.forEach((value, name, all) => {
      told.push(name, value, all === headers);
    });
    return [told, [...headers.keys()], [...headers.values()]];
  },
  "keeps cookies apart": (make) => {
    const headers = make([
      ["Set-Cookie", "a=1, b"],
      ["set-cookie", "c=2"],
    ]);
    return [headers.get("set-cookie"), headers.getSetCookie(), [...headers]];
  },
  "has nothing of what is not there": (make) => [make().get("x"), make().has("x"), [...make()]],
  "trims values, and takes every byte": (make) => [
    ...make([
      ["a", "\t x y\r\n "],
      ["b", ""],
      ["c", "é\x01\x7f"],
    ]),
  ],
};

const refused: readonly [string, string][] = [
  ["", "1"],
  ["a b", "1"],
  ["a:", "1"],
  ["é", "1"],
  ["a", "1\r\nb: 2"],
  ["a", "1\0"],
  ["a", "€"],
];

describe("light headers", () => {
  for (const [what, use] of Object.entries(uses)) {
    it(`${what}, as the platform's do`, () => {
      const expected = use((init) => new Headers(init));
      assert.deepEqual(
        use((init) => new Light(init)),
        expected,
      );
    });
  }

  it("refuses what the platform's refuse", () => {
    for (const [name, value] of refused) {
      const told = JSON.stringify([name, value]);
      assert.throws(() => new Headers([[name, value]]), TypeError, told);
      assert.throws(() => new Light([[name, value]]), TypeError, told);
      assert.throws(() => new Light().set(name, value), TypeError, told);
    }
  });

  it("takes records and headers of both kinds, and is taken by the platform's", () => {
    const record = { "X-a": "1", b: "2" };
    const expected = [...new Headers(record)];
    assert.deepEqual([...new Light(record)], expected);
    assert.deepEqual([...new Light(new Headers(record))], expected);
    assert.deepEqual([...new Light(new Light(record))], expected);
    assert.deepEqual([...new Headers([...new Light(record)])], expected);
    assert.deepEqual(
      [...new Request("http://localhost", { headers: [...new Light(record)] }).headers],
      expected,
    );
  });
});
