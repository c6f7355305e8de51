import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createKeptOutput } from "./kept-output.ts";

function textOf(bytes: Buffer, size: number): string {
  const kept = createKeptOutput();
  for (let at = 0; at < bytes.length; at += size) kept.push(bytes.subarray(at, at + size));
  return kept.text();
}

describe("kept output", () => {
  it("is whole up to 48 KiB, however it comes", () => {
    const whole = Buffer.from("ä€😀x\n".repeat(4468)); // 11 bytes each
    assert.ok(whole.length <= 48 * 1024);
    for (const size of [1, 7, 24 * 1024, 1e6]) assert.equal(textOf(whole, size), String(whole));
  });

  it("loses whole lines of the middle, and says how many bytes", () => {
    const line = (i: number) => `line ${String(i).padStart(6, "0")}\n`;
    const all = Buffer.from(Array.from({ length: 20_000 }, (_, i) => line(i)).join(""));
    for (const size of [1000, 24 * 1024, 1e6]) {
      const text = textOf(all, size);
      const [, head = "", left = "", tail = ""] =
        /^(.*)\[… (\d+) bytes left out …\]\n(.*)$/s.exec(text) ?? [];
      assert.ok(head.startsWith(line(0)) && head.endsWith("\n"));
      assert.ok(tail.startsWith("line ") && tail.endsWith(line(19_999)));
      assert.equal(head.length + Number(left) + tail.length, all.length);
      assert.ok(head.length + tail.length > 47 * 1024);
    }
  });

  it("cuts no character where there are no lines", () => {
    for (const character of ["x", "ä", "€", "😀"]) {
      for (const before of ["", "a", "ab", "abc"]) {
        const all = Buffer.from(before + character.repeat(60_000));
        const text = textOf(all, 4096);
        assert.ok(!text.includes("\uFFFD"), `${character} after ${before.length}`);
        assert.match(text, /bytes left out/);
      }
    }
  });
});
