import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLineSplitter } from "./line-splitter.ts";

describe("createLineSplitter", () => {
  it("finds the same lines however the bytes are cut", () => {
    const text = Buffer.from("one\n\nthree is long\nlast");
    for (let size = 1; size <= text.length; size++) {
      const splitter = createLineSplitter(10, 8);
      const lines = [];
      for (let at = 0; at < text.length; at += size) {
        // A reader uses its chunk again: what is held must not share it.
        const chunk = Buffer.from(text.subarray(at, at + size));
        lines.push(...splitter.push(chunk).map((l) => [l.bytes.toString(), l.length]));
        chunk.fill(0);
      }
      lines.push(...splitter.end().map((line) => [line.bytes.toString(), line.length]));
      const expected = [
        ["one", 3],
        ["", 0],
        ["three is", 13],
        ["last", 4],
      ];
      assert.deepEqual(lines, expected, `chunks of ${size}`);
    }
  });
});
