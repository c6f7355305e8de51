import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applyPatch } from "diff";
import { textDiff } from "./text-diff.ts";

const diffOf = (before: string | undefined, after: string | undefined) =>
  textDiff(
    "a",
    before === undefined ? undefined : Buffer.from(before),
    after === undefined ? undefined : Buffer.from(after),
  );

/** Numbers that look like chance, the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * sides);
  };
}

describe("textDiff", () => {
  it("tells lines as they are counted in the whole file", async () => {
    const lines = Array.from({ length: 20 }, (_, i) => `${i + 1}\n`);
    const diff = await diffOf(lines.join(""), lines.with(9, "ten\n").join(""));
    assert.equal(diff, "--- a/a\n+++ b/a\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n");
  });

  it("is a patch that makes the one of the other, whatever they are", async () => {
    const roll = dice(7);
    const some = () => ["a\n", "b\n", "\n", "c\r\n", "long line\n"][roll(5)] ?? "";
    for (let round = 0; round < 1000; round++) {
      const before = Array.from({ length: roll(15) }, some);
      const after = before.toSpliced(
        roll(before.length + 1),
        roll(4),
        ...Array.from({ length: roll(4) }, some),
      );
      const cut = (text: string) => (roll(3) === 0 ? text.replace(/\n$/, "") : text);
      const [one, other] = [cut(before.join("")), cut(after.join(""))];
      const diff = await diffOf(one, other);
      const applied =
        one === other ? one : applyPatch(one, diff, { autoConvertLineEndings: false });
      assert.equal(applied, other, JSON.stringify({ one, other, diff }));
    }
  });

  it("names what is not there, and says nothing of what is not text", async () => {
    assert.match(await diffOf(undefined, "x\n"), /^--- \/dev\/null\n\+\+\+ b\/a\n@@ -0,0 \+1/);
    assert.match(await diffOf("x\n", undefined), /^--- a\/a\n\+\+\+ \/dev\/null\n@@ -1/);
    assert.equal(await diffOf("a\0", "b"), "");
    assert.equal(await textDiff("a", Buffer.from([0xff]), Buffer.from("b")), "");
  });

  it("is short, and soon there, however large the file is", async () => {
    const large = "a line of some length that is there many times\n".repeat(200_000);
    assert.ok((await diffOf(large, `${large}x\n`)).length < 300);
    assert.ok((await diffOf(undefined, large)).length <= 64 * 1024 + 100);
    const start = performance.now();
    await diffOf(large, large.replaceAll("some", "any"));
    assert.ok(performance.now() - start < 5000);
  });
});
