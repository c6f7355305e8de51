import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAttempts } from "./attempts.ts";

describe("createAttempts", () => {
  it("counts each key for itself", () => {
    const attempts = createAttempts();
    assert.deepEqual(
      ["a", "a", "b", "a"].map((key) => attempts.next(key)),
      [0, 1, 0, 2],
    );
  });

  it("forgets the one that was tried longest ago when there are over a thousand", () => {
    const attempts = createAttempts();
    attempts.next("old");
    attempts.next("used");
    for (let key = 0; key < 998; key++) attempts.next(`${key}`);
    assert.equal(attempts.next("used"), 1);
    attempts.next("one more");
    assert.equal(attempts.next("used"), 2);
    assert.equal(attempts.next("old"), 0);
  });
});
