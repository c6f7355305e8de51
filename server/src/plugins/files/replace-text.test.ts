import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { namedLines, replaceText } from "./replace-text.ts";

function replaced(text: string, from: string, to: string, isAll = false, most = 1000) {
  const done = replaceText(text, { from, to, isAll }, most);
  return "problem" in done ? done.problem : done.text;
}

describe("replaceText", () => {
  it("does not choose between places that overlap", () => {
    assert.match(replaced("a\na\na\n", "a\na\n", "b"), /is there 2 times \(lines 1, 2\)/);
    assert.equal(replaced("aaa", "aa", "b", true), "ba");
  });

  it("takes a replacement as it is", () => {
    assert.equal(replaced("x$&y", "$&", "$1$$&\\n"), "x$1$$&\\ny");
  });

  it("fits line feeds to lines that end in CRLF, and ends the new ones likewise", () => {
    assert.equal(replaced("a\r\nb\r\nc\r\n", "a\nb\n", "1\n2\n3\n"), "1\r\n2\r\n3\r\nc\r\n");
    assert.equal(replaced("a\r\nb", "b", "b\nc"), "a\r\nb\r\nc");
    // Where lines end in both ways, each place keeps its own.
    assert.equal(replaced("a\r\nb\nc\r\nd\n", "b\nc\nd", "x\ny"), "a\r\nx\ny\n");
    assert.equal(replaced("x\r\n\nx\n", "x\n", "1\n2\n", true), "1\r\n2\r\n\n1\n2\n");
    assert.equal(replaced("\r\nfoo\r\n", "\nfoo", "\nbar"), "\r\nbar\r\n");
  });

  it("lets carriage returns be replaced where they are named", () => {
    assert.equal(replaced("a\r\nb\r\n", "\r\n", "\n", true), "a\nb\n");
    assert.equal(replaced("a\nb\n", "\n", "\r\n", true), "a\r\nb\r\n");
  });

  it("finds places of a text with CRLF as one without it does", () => {
    for (let bits = 0; bits < 64; bits++) {
      const ends = Array.from({ length: 6 }, (_, i) => ((bits >> i) & 1 ? "\r\n" : "\n"));
      const text = ends.map((end, i) => `${i % 2}${end}`).join("");
      const plain = text.replaceAll("\r\n", "\n");
      for (const from of ["0", "1\n", "\n0", "0\n1\n0", "\n"]) {
        const done = replaced(text, from, "<x>", true).replaceAll("\r\n", "\n");
        assert.equal(done, plain.replaceAll(from, "<x>"), JSON.stringify([text, from]));
      }
    }
  });

  it("makes nothing larger than it may be, and does not try", () => {
    const huge = replaced("a".repeat(1000), "a", "b".repeat(1_000_000), true);
    assert.equal(huge, "it would have more than 1000 characters");
  });

  it("says what may have been meant by a text that is not there", () => {
    const text = "function one() {\n  return  1;\n}\n\nfunction two() {\n  return 2;\n}\n";
    const problem = (from: string) => replaced(text, from, "x");
    assert.match(problem("  return 1;\n}"), /at line 2 it differs in its white space/);
    assert.match(problem("function two(){\n\treturn 2;"), /at line 5 it differs in its white/);
    assert.match(problem("     1\tfunction one() {"), /leave out the line numbers/);
    assert.match(problem("function two() {\n  return 3;"), /first line is at line 5/);
    assert.match(problem("function too() {"), /line 5 comes near: "function two\(\) \{"$/);
    assert.match(problem("nothing like it"), /read it again$/);
    assert.match(problem("\n\n\n\n"), /is not in the file$/);
  });

  it("says so at once, however large the texts are", () => {
    const lines = "  the same again\n".repeat(100_000);
    const start = performance.now();
    assert.match(replaced(lines, `${lines}the end`, "x"), /what follows differs/);
    assert.match(replaced(lines, "another same again it is", "x"), /read it again|comes near/);
    assert.ok(performance.now() - start < 5000);
  });
});

describe("namedLines", () => {
  it("names each line once, and says that there are more", () => {
    assert.equal(namedLines([3], 1), "line 3");
    assert.equal(namedLines([3, 3], 2), "line 3");
    assert.equal(namedLines([3, 4], 5), "lines 3, 4, …");
  });
});
