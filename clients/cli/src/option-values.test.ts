import assert from "node:assert/strict";
import { it } from "node:test";
import { argumentsText } from "./call-text.ts";
import { readDuration, readLabel } from "./option-values.ts";
import { quoted, typed } from "./typed-command.ts";
import { isNewer } from "./version.ts";

it("reads times, in seconds where no unit is given", () => {
  assert.deepEqual(["90", "1.5s", "5m", "200ms"].map(readDuration), [90_000, 1500, 300_000, 200]);
  for (const wrong of ["", "0", "-1", "5d", "x", "25h"]) assert.throws(() => readDuration(wrong));
});

it("collects labels", () => {
  assert.deepEqual(readLabel("b=2=3", { a: "1" }), { a: "1", b: "2=3" });
  assert.throws(() => readLabel("nothing"));
});

it("tells newer versions from older ones", () => {
  const pairs = [
    ["0.2.0", "0.1.9"],
    ["0.1.10", "0.1.9"],
    ["0.1.0", "0.1.0"],
    ["0.1.0", "0.2.0"],
  ];
  const newer = pairs.map(([a = "", b = ""]) => isNewer(a, b));
  assert.deepEqual(newer, [true, true, false, false]);
});

it("quotes what a shell would take apart", () => {
  assert.deepEqual(["a/b", "it's", "a b"].map(quoted), ["a/b", "'it'\\''s'", "'a b'"]);
  assert.equal(
    typed("daemon stop", "/tmp/some where"),
    "DAPHNIA_HOME='/tmp/some where' npx daphnia daemon stop",
  );
});

it("shows a call's arguments in a few words", () => {
  const texts = ['{"pattern":"*.md","deep":true}', "{broken", '["a"]'].map((json) =>
    argumentsText(json),
  );
  assert.deepEqual(texts, ["pattern=*.md deep=true", "{broken", '["a"]']);
});
