import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Claim } from "../tool/tool.ts";
import { judge } from "./judge.ts";

const place = {
  sessionId: "s",
  roots: ["/srv/app", "/srv/lib"],
  closed: ["/srv/app/.daphnia"],
  cwd: "/srv/app",
};
const read = (path: string): Claim => ({ kind: "read", path });
const isAllowed = (...claims: Claim[]) => judge(claims, place).allowed;

describe("judge", () => {
  it("lets through what touches nothing, or lies within a root", () => {
    assert.equal(isAllowed(), true);
    assert.equal(isAllowed({ kind: "nothing" }), true);
    assert.equal(isAllowed(read("/srv/app"), read("/srv/app/a/b"), read("/srv/lib/x")), true);
    assert.equal(judge([read("/etc/hosts")], { ...place, roots: ["/"] }).allowed, true);
  });

  it("refuses what lies beside a root, and says which roots there are", () => {
    for (const path of ["/", "/srv/application", "/srv", "/srv/lib2/x"]) {
      assert.equal(isAllowed(read(path)), false, path);
    }
    const verdict = judge([read("/etc")], place);
    assert.match(
      verdict.allowed ? "" : verdict.why,
      /^\/etc lies outside .*\/srv\/app, \/srv\/lib/,
    );
  });

  it("refuses a folder that is closed, though it lies within a root", () => {
    assert.equal(isAllowed(read("/srv/app/.daphnia")), false);
    assert.equal(isAllowed(read("/srv/app/.daphnia/run/token")), false);
    assert.equal(isAllowed(read("/srv/app/.daphniae")), true);
  });

  it("refuses a call one of whose claims is opaque or outside", () => {
    const opaque = judge([read("/srv/app/a"), { kind: "opaque", why: "a pipe" }], place);
    assert.deepEqual(opaque, { allowed: false, why: "a pipe" });
    assert.equal(isAllowed(read("/srv/app/a"), { kind: "write", path: "/etc/x" }), false);
  });
});
