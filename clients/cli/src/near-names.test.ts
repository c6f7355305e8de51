import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearNames } from "./near-names.ts";

describe("nearNames", () => {
  const names = ["agents", "ask", "daemon", "demo", "hello", "logs", "sessions", "search"];
  const cases: readonly [string, readonly string[]][] = [
    ["agnets", ["agents"]],
    ["helo", ["hello"]],
    ["session", ["sessions"]],
    ["serach", ["search"]],
    ["dem", ["demo"]],
    ["as", ["ask"]],
    ["sesion", ["sessions"]],
    ["x", []],
    ["completely-else", []],
    ["", []],
  ];
  for (const [word, near] of cases) {
    it(`takes "${word}" for ${near.join(", ") || "nothing"}`, () => {
      assert.deepEqual(nearNames(word, names), near);
    });
  }

  it("names the nearest first, and few", () => {
    const all = ["search-d", "search-c", "search-b", "search-a", "search-x-y", "search"];
    assert.deepEqual(nearNames("searchh", all), ["search", "search-a", "search-b"]);
  });
});
