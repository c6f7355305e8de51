import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../../core/log/testing/manual-clock.ts";
import { createPageCookies } from "./page-cookies.ts";

const days = (count: number) => count * 24 * 60 * 60 * 1000;
const pairOf = (set: string) => set.split(";", 1)[0] ?? "";

describe("page cookies", () => {
  it("cannot be read by scripts nor sent by other sites", () => {
    const cookies = createPageCookies("token", createManualClock());
    const http = cookies.issue("http");
    const https = cookies.issue("https");
    assert.match(
      http,
      /^daphnia_[0-9a-f]{8}=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/,
    );
    assert.match(https, /^__Host-daphnia_[0-9a-f]{8}=.*; Path=\/; .*; Secure$/);
  });

  it("are known again after a restart, for 30 days", () => {
    const clock = createManualClock();
    const pair = pairOf(createPageCookies("token", clock).issue("http"));
    const restarted = createPageCookies("token", clock);
    assert.equal(restarted.knows(pair, "http"), true);
    assert.equal(restarted.knows(`a=b; ${pair}; c=d`, "http"), true);
    clock.advance(days(30) - 1000);
    assert.equal(restarted.knows(pair, "http"), true);
    clock.advance(1000);
    assert.equal(restarted.knows(pair, "http"), false);
  });

  it("end with the owner's token", () => {
    const clock = createManualClock();
    const pair = pairOf(createPageCookies("token", clock).issue("http"));
    const changed = createPageCookies("another token", clock);
    const value = pair.slice(pair.indexOf("="));
    const renamed = pairOf(changed.issue("http")).split("=", 1)[0] + value;
    assert.deepEqual([changed.knows(pair, "http"), changed.knows(renamed, "http")], [false, false]);
  });

  it("are not known when a character is another, or when there is none", () => {
    const cookies = createPageCookies("token", createManualClock());
    const pair = pairOf(cookies.issue("http"));
    const start = pair.indexOf("=") + 1;
    // The last of all has two bits that mean nothing, as base64 has it.
    for (let at = start; at < pair.length - 1; at++) {
      const other = pair[at] === "1" ? "2" : "1";
      const forged = pair.slice(0, at) + other + pair.slice(at + 1);
      assert.equal(cookies.knows(forged, "http"), false, forged);
    }
    for (const none of [undefined, "", ";", "=", pair.slice(0, start), pair.slice(start)]) {
      assert.equal(cookies.knows(none, "http"), false, String(none));
    }
    assert.equal(cookies.knows(pairOf(cookies.clear("http")), "http"), false);
  });

  it("of one scheme do not count by the other", () => {
    const cookies = createPageCookies("token", createManualClock());
    assert.equal(cookies.knows(pairOf(cookies.issue("http")), "https"), false);
    assert.equal(cookies.knows(pairOf(cookies.issue("https")), "http"), false);
  });

  it("of two daemons on one host have different names", () => {
    const clock = createManualClock();
    const names = ["one", "two"].map((token) =>
      pairOf(createPageCookies(token, clock).clear("http")),
    );
    assert.notEqual(names[0], names[1]);
  });
});
