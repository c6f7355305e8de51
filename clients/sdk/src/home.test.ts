import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { homeOf, pathsOf, socketOf } from "./home.ts";

it("finds a home: the one named, else the environment's, else the user's", () => {
  const before = process.env["DAPHNIA_HOME"];
  try {
    process.env["DAPHNIA_HOME"] = "/from/environment";
    assert.deepEqual([homeOf({ home: "/named" }), homeOf()], ["/named", "/from/environment"]);
    delete process.env["DAPHNIA_HOME"];
    assert.equal(homeOf(), join(homedir(), ".daphnia"));
  } finally {
    if (before !== undefined) process.env["DAPHNIA_HOME"] = before;
  }
  assert.equal(socketOf({ home: "/h" }), "/h/run/daphnia.sock");
  assert.equal(pathsOf({ home: "/h" }).token, "/h/run/token");
});
