import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diffLines } from "./line-diff.ts";
import { diffRequests, linesOfChange } from "./request-diff.ts";

const marks = { same: " ", removed: "-", added: "+" } as const;
const shown = (before: string, after: string) =>
  diffLines([...before], [...after])
    .map(({ kind, text }) => marks[kind] + text)
    .join("");

describe("the difference of two texts", () => {
  it("takes out and puts in as little as it can", () => {
    assert.equal(shown("abc", "abc"), " a b c");
    assert.equal(shown("", "ab"), "+a+b");
    assert.equal(shown("abc", "axc"), " a-b+x c");
    assert.equal(shown("abcd", "bcde"), "-a b c d+e");
  });

  it("leads from the one to the other, whatever they are", () => {
    const words = ["", "a", "ab", "aab", "bab", "abcab", "ccc", "bacbac", "cabbage"];
    for (const before of words) {
      for (const after of words) {
        const changes = diffLines([...before], [...after]);
        const side = (kind: string) =>
          changes
            .filter((change) => change.kind === "same" || change.kind === kind)
            .map(({ text }) => text)
            .join("");
        assert.deepEqual([side("removed"), side("added")], [before, after]);
      }
    }
  });

  it("of large texts that have nothing in common is found at once", () => {
    const [before, after] = ["a", "b"].map((name) =>
      Array.from({ length: 20_000 }, (_, i) => `${name}${i}`),
    );
    assert.equal(diffLines(before ?? [], after ?? []).length, 40_000);
  });
});

describe("the difference of two requests", () => {
  it("names the messages that came, and nothing that stayed", () => {
    const first = { role: "user", content: "go" };
    const second = { role: "assistant", content: "went" };
    assert.deepEqual(
      diffRequests({ model: "m", messages: [first] }, { model: "m", messages: [first, second] }),
      [{ path: "messages[1]", after: second }],
    );
  });

  it("tells tools by their names, wherever a provider says them", () => {
    const tool = (name: string, description: string) => ({ name, description });
    assert.deepEqual(
      diffRequests(
        { tools: [tool("read", "Reads."), tool("bash", "Runs."), tool("glob", "Finds.")] },
        { tools: [tool("fetch", "Fetches."), tool("read", "Reads."), tool("bash", "Runs it.")] },
      ),
      [
        { path: "tools[glob]", before: tool("glob", "Finds.") },
        { path: "tools[fetch]", after: tool("fetch", "Fetches.") },
        { path: "tools[bash].description", before: "Runs.", after: "Runs it." },
      ],
    );
    const wrapped = (strict: boolean) => ({ function: { name: "read" }, strict });
    assert.deepEqual(diffRequests([wrapped(true)], [wrapped(false)]), [
      { path: "[read].strict", before: true, after: false },
    ]);
  });

  it("tells what came, what went and what is another kind of thing", () => {
    assert.deepEqual(diffRequests({ a: 1, b: [1] }, { b: { x: 1 }, c: null }), [
      { path: "a", before: 1 },
      { path: "b", before: [1], after: { x: 1 } },
      { path: "c", after: null },
    ]);
    assert.deepEqual(diffRequests("a text", "another"), [
      { path: "", before: "a text", after: "another" },
    ]);
    assert.deepEqual(diffRequests({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), []);
  });

  it("shows of a long text what is near the change", () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const change = {
      path: "system",
      before: lines.join("\n"),
      after: lines.with(9, "x").join("\n"),
    };
    assert.deepEqual(
      linesOfChange(change).map(({ kind, text }) => marks[kind] + text),
      [" …", " line 7", " line 8", "-line 9", "+x", " line 10", " line 11", " …"],
    );
  });

  it("shows as JSON what is no text", () => {
    const lines = linesOfChange({ path: "a", before: { b: 1 }, after: 2 });
    assert.deepEqual(
      lines.map(({ kind, text }) => marks[kind] + text),
      ["-{", '-  "b": 1', "-}", "+2"],
    );
  });
});
