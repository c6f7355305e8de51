import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pageByName } from "./page-by-name.ts";

const names = ["d", "a", "c", "b"];
const page = (pageSize: number, pageToken = "", all = names) =>
  pageByName(all, (name) => name, { pageSize, pageToken });

describe("a page by name", () => {
  it("is in order, and goes on where the one before ended", () => {
    const first = page(3);
    assert.deepEqual(first.items, ["a", "b", "c"]);
    assert.deepEqual(page(3, first.nextPageToken), { items: ["d"], nextPageToken: "" });
  });

  it("goes on at the same place when things come and go meanwhile", () => {
    const { nextPageToken } = page(2);
    assert.deepEqual(page(9, nextPageToken, ["a", "aa", "c", "e"]).items, ["c", "e"]);
  });

  it("has no next one when it is the last, and may be empty", () => {
    assert.equal(page(4).nextPageToken, "");
    assert.deepEqual(page(0, "", []), { items: [], nextPageToken: "" });
  });

  it("refuses other tokens and sizes", () => {
    assert.throws(() => page(1, "12.x"), { message: /^page_token: is not a token of this list$/ });
    assert.throws(() => page(1001), { message: /^page_size: must be 1 to 1000, got 1001$/ });
  });
});
