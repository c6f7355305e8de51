import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createOutputTail } from "./output-tail.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("createOutputTail", () => {
  it("keeps the last 64 KiB, from a whole character on, and says what it left out", () => {
    const tail = createOutputTail();
    tail.add(0, bytes("é".repeat(40_000)));
    tail.add(80_000, bytes("x"));
    const { kind, elided } = tail.part();
    const text = "é".repeat(32_767);
    assert.deepEqual([kind.value === `${text}x`, elided], [true, 80_001n - 65_535n]);
  });

  it("takes bytes again without harm, and leaves a hole where some never came", () => {
    const tail = createOutputTail();
    const held = () => [tail.part().kind.value, tail.part().elided];
    tail.add(0, bytes("one two"));
    tail.add(4, bytes("two three"));
    assert.deepEqual(held(), ["one two three", 0n]);
    tail.add(100, bytes("late"));
    assert.deepEqual(held(), ["late", 100n]);
  });
});
