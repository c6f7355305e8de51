import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearNames } from "./near.ts";

describe("near names", () => {
  it("are at most three, the nearest first", () => {
    assert.deepEqual(nearNames("rea", ["bread", "write", "read"]), ["read", "bread"]);
    assert.deepEqual(nearNames("reads", ["read", "write"]), ["read"]);
    assert.deepEqual(nearNames("gr", ["grep", "glob"])[0], "grep");
    assert.deepEqual(nearNames("something", ["else"]), []);
    assert.equal(nearNames("a", ["b", "c", "d", "e"]).length, 3);
  });
});
