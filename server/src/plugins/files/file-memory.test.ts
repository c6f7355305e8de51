import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFileMemory } from "./file-memory.ts";

describe("createFileMemory", () => {
  it("knows for each session what it saw, and whether that is still so", () => {
    const memory = createFileMemory();
    memory.saw("one", "/a", "1");
    assert.equal(memory.look("one", "/a", "1"), "seen");
    assert.equal(memory.look("one", "/a", "2"), "changed");
    assert.equal(memory.look("one", "/b", "1"), "unseen");
    assert.equal(memory.look("two", "/a", "1"), "unseen");
    memory.saw("one", "/a", "2");
    assert.equal(memory.look("one", "/a", "2"), "seen");
  });

  it("forgets first what was used longest ago", () => {
    const memory = createFileMemory({ sessions: 2, files: 2 });
    for (const path of ["/a", "/b", "/a", "/c"]) memory.saw("one", path, "1");
    const known = (path: string) => memory.look("one", path, "1");
    assert.deepEqual(["/a", "/b", "/c"].map(known), ["seen", "unseen", "seen"]);
    memory.saw("two", "/a", "1");
    known("/a"); // the first session is in use
    memory.saw("three", "/a", "1");
    const sessions = ["one", "two", "three"].map((id) => memory.look(id, "/a", "1"));
    assert.deepEqual(sessions, ["seen", "unseen", "seen"]);
  });
});
