import assert from "node:assert/strict";
import { it } from "node:test";
import { checkName } from "./home.ts";

it("takes names that can be files, units and commands, but for the daemon's own", () => {
  for (const name of ["hello", "a", "web-search-2"]) checkName(name);
  for (const name of ["", "Hello", "2fast", "a.b", "a/b", "x".repeat(33), "daemon"]) {
    assert.throws(() => checkName(name), /name/, name);
  }
});
