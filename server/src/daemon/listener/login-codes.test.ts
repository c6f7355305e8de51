import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../../core/log/testing/manual-clock.ts";
import { createLoginCodes } from "./login-codes.ts";

describe("login codes", () => {
  it("L1: work once", () => {
    const codes = createLoginCodes(createManualClock());
    const { code } = codes.mint();
    assert.deepEqual([codes.redeem(code), codes.redeem(code)], ["right", "wrong"]);
  });

  it("L1: work for a minute, and say until when", () => {
    const clock = createManualClock();
    const codes = createLoginCodes(clock);
    const [first, second] = [codes.mint(), codes.mint()];
    assert.equal(first.expireTime.getTime() - clock.now().getTime(), 60_000);
    clock.advance(59_999);
    assert.equal(codes.redeem(first.code), "right");
    clock.advance(1);
    assert.equal(codes.redeem(second.code), "wrong");
  });

  it("are long, and no two are alike", () => {
    const codes = createLoginCodes(createManualClock());
    const minted = Array.from({ length: 100 }, () => codes.mint().code);
    assert.equal(new Set(minted).size, 100);
    for (const code of minted) assert.equal(Buffer.from(code, "base64url").length, 24);
  });

  it("L2: only the newest 16 work", () => {
    const codes = createLoginCodes(createManualClock());
    const minted = Array.from({ length: 17 }, () => codes.mint().code);
    const verdicts = minted.map((code) => codes.redeem(code));
    assert.deepEqual(verdicts, ["wrong", ...Array.from({ length: 16 }, () => "right")]);
  });

  it("L3: after 30 wrong ones, none is looked at until the minute is over", () => {
    const clock = createManualClock();
    const codes = createLoginCodes(clock);
    const guesses = Array.from({ length: 30 }, (_, i) => codes.redeem(`guess-${i}`));
    assert.deepEqual(new Set(guesses), new Set(["wrong"]));
    clock.advance(30_000);
    const { code } = codes.mint();
    assert.equal(codes.redeem(code), "later");
    clock.advance(30_000);
    assert.deepEqual([codes.redeem("guess"), codes.redeem(codes.mint().code)], ["wrong", "right"]);
  });
});
