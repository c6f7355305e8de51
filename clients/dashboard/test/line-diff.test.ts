import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineDiff } from "../src/words/line-diff.ts";

const signs = { same: " ", added: "+", removed: "-", skipped: "~" } as const;

function shown(before: string, after: string, around?: number): string[] {
  return lineDiff(before, after, around).map(({ mark, text }) => `${signs[mark]}${text}`);
}

describe("lineDiff", () => {
  it("tells what was added and removed, and what is near", () => {
    assert.deepEqual(shown("a\nb\nc\nd", "a\nx\nc\nd", 1), [
      " a",
      "-b",
      "+x",
      " c",
      "~1 lines are the same",
    ]);
  });

  it("finds the lines that both have between changes", () => {
    assert.deepEqual(shown("1\nkept\n2", "3\nkept\n4"), ["-1", "+3", " kept", "-2", "+4"]);
  });

  it("says of the same text that all of it is the same", () => {
    assert.deepEqual(shown("a\nb", "a\nb"), ["~2 lines are the same"]);
  });

  it("makes the one from the other, whatever they are", () => {
    let seed = 7;
    const random = (most: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % most;
    };
    const text = () => Array.from({ length: random(12) + 1 }, () => "abc"[random(3)]).join("\n");
    for (let round = 0; round < 500; round++) {
      const [before, after] = [text(), text()];
      const lines = lineDiff(before, after, 100);
      const of = (wanted: readonly string[]) =>
        lines
          .filter(({ mark }) => wanted.includes(mark))
          .map((line) => line.text)
          .join("\n");
      if (before === after) continue;
      assert.equal(of(["same", "removed"]), before);
      assert.equal(of(["same", "added"]), after);
    }
  });
});
