import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { QuestionSchema } from "@daphnia/protocol/approval";
import { readAnswer } from "./question-answer.ts";

const options = [{ label: "Fly" }, { label: "Here" }, { label: "1" }];
const one = create(QuestionSchema, { text: "Where?", options });
const several = create(QuestionSchema, { text: "Where?", options, multiple: true });
const free = create(QuestionSchema, { text: "Why?" });

describe("readAnswer", () => {
  it("takes an option by its number or label; a label that is a number goes first", () => {
    assert.deepEqual(readAnswer(one, "2"), { labels: ["Here"], text: "" });
    assert.deepEqual(readAnswer(one, " fly "), { labels: ["Fly"], text: "" });
    assert.deepEqual(readAnswer(one, "1"), { labels: ["1"], text: "" });
    assert.deepEqual(readAnswer(several, "2, fly"), { labels: ["Here", "Fly"], text: "" });
  });

  it("takes a text of one's own", () => {
    assert.deepEqual(readAnswer(one, "on a boat, 2"), { labels: [], text: "on a boat, 2" });
    assert.deepEqual(readAnswer(several, "fly, or a boat"), { labels: [], text: "fly, or a boat" });
    assert.deepEqual(readAnswer(free, "42"), { labels: [], text: "42" });
  });

  it("takes neither nothing nor a number that no option has", () => {
    assert.deepEqual(
      [readAnswer(free, "  "), readAnswer(one, "7"), readAnswer(several, "2,7")],
      [undefined, undefined, undefined],
    );
  });
});
