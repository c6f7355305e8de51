import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { piecesOf } from "./pieces.ts";

describe("piecesOf", () => {
  it("cuts by characters, never inside one", () => {
    assert.deepEqual(piecesOf("a🦐b𝒳c", 2), ["a🦐", "b𝒳", "c"]);
    assert.deepEqual(piecesOf("🦐🦐", 1), ["🦐", "🦐"]);
  });

  it("leaves a text whole at size 0", () => {
    assert.deepEqual(piecesOf("a🦐b", 0), ["a🦐b"]);
  });

  it("has no pieces of nothing", () => {
    assert.deepEqual(piecesOf("", 4), []);
    assert.deepEqual(piecesOf("", 0), []);
  });
});
