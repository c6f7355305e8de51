import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatCursor, parseCursor } from "./cursor.ts";

const log = "abc123def456";

describe("parseCursor", () => {
  it("reads what formatCursor wrote", () => {
    for (const position of [0, 1, 35, 36, 123_456, Number.MAX_SAFE_INTEGER]) {
      assert.equal(
        parseCursor(formatCursor(log, position), log, Number.MAX_SAFE_INTEGER),
        position,
      );
    }
    assert.equal(formatCursor(log, 36), "abc123def456.10");
  });

  it("refuses what is no cursor", () => {
    for (const text of ["", "x", "abc123def456", "abc123def456.", "ABC123def456.1", `${log}.-1`]) {
      assert.throws(() => parseCursor(text, log, 9), {
        refusal: "invalid_argument",
        detail: { reason: "CURSOR_MALFORMED" },
      });
    }
  });

  it("refuses a cursor of another log and names ours", () => {
    assert.throws(() => parseCursor("other123.1", log, 9), {
      refusal: "failed_precondition",
      message: `the cursor belongs to log other123, this is log ${log}: another home, or a restored one`,
      detail: { reason: "CURSOR_OTHER_LOG", metadata: { log_id: log } },
    });
  });

  it("refuses a cursor ahead of the log and says where its head is", () => {
    assert.equal(parseCursor(formatCursor(log, 9), log, 9), 9);
    for (const text of [formatCursor(log, 10), `${log}.zzzzzzzzzzz`]) {
      assert.throws(() => parseCursor(text, log, 9), {
        refusal: "out_of_range",
        detail: { reason: "CURSOR_AHEAD", metadata: { head_cursor: formatCursor(log, 9) } },
      });
    }
  });
});
