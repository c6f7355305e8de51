import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { oneLine, plain, safeJson, shortened, visible, visibleLine } from "./escape-text.ts";

describe("plain", () => {
  it("shows what would drive a terminal and keeps newlines and tabs", () => {
    const text = "a\u001b[31mb\u0007\r\n\tc\u009b2Jd\u202ee";
    assert.equal(plain(text), "a\\x1b[31mb\\x07\\r\n\tc\\x9b2Jd\\u202ee");
  });

  it("leaves ordinary text alone, emoji and all", () => {
    assert.equal(plain("Grüße 🦐 日本"), "Grüße 🦐 日本");
  });
});

describe("oneLine", () => {
  it("shows newlines and tabs too", () => assert.equal(oneLine("a\nb\tc"), "a\\nb\\tc"));
});

describe("shortened", () => {
  it("cuts between characters, not inside one", () => {
    assert.deepEqual([shortened("🦐🦐🦐", 2), shortened("abc", 3)], ["🦐…", "abc"]);
  });
});

describe("safeJson", () => {
  it("means the same as JSON.stringify without any control character", () => {
    const value = { text: "\u001b\u007f\u009b\u00a0" };
    assert.equal(safeJson(value), '{"text":"\\u001b\\u007f\\u009b\u00a0"}');
    assert.deepEqual(JSON.parse(safeJson(value)), value);
  });

  it("shows what hides where somebody decides by what they read", () => {
    const hidden = [
      "\u200b",
      "\u00ad",
      "\u3164",
      "\u{e0041}",
      "\ufe0f",
      "\u00a0",
      "\u2028",
      "\u2800",
    ];
    assert.equal(
      visibleLine(`rm${hidden.join("x")} y`),
      "rm\\u200bx\\xadx\\u3164x\\u{e0041}x\\ufe0fx\\xa0x\\u2028x\\u2800 y",
    );
    assert.equal(visible("a b\n\tc\u001b é 字 🙂"), "a b\n\tc\\x1b é 字 🙂");
  });
});
