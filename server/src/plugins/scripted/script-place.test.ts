import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type Message, MessageSchema, Role } from "@daphnia/protocol/message";
import { parseScript } from "./script.ts";
import { placeOf, stepAt } from "./script-place.ts";

const roles = { u: Role.USER, a: Role.ASSISTANT, t: Role.TOOL };

/** One message for each letter; its id and text are its place in the row. */
function history(letters: string): Message[] {
  return [...letters].map((letter, index) => {
    const role = letter === "u" ? roles.u : letter === "a" ? roles.a : roles.t;
    const text = { kind: { case: "text" as const, value: `${letter}${index}` } };
    const answer = { kind: { case: "toolResult" as const, value: { parts: [text] } } };
    return create(MessageSchema, {
      messageId: `m${index}`,
      role,
      parts: role === Role.TOOL ? [answer] : [text],
    });
  });
}

describe("placeOf", () => {
  const places: readonly (readonly [string, string, number, number, string, string, string[]])[] = [
    ["an empty history", "", 0, 0, "", "", []],
    ["the first prompt", "u", 0, 0, "m0", "u0", []],
    ["the second step", "uat", 0, 1, "m0", "u0", ["t2"]],
    ["results in one message each", "uattt", 0, 1, "m0", "u0", ["t2", "t3", "t4"]],
    ["only the last step's results", "uatat", 0, 2, "m0", "u0", ["t4"]],
    ["the second prompt", "uatau", 1, 0, "m4", "u4", []],
    ["a steer", "uatu", 0, 1, "m0", "u3", ["t2"]],
    ["two steers", "uatuu", 0, 1, "m0", "u4", ["t2"]],
    ["the step after a steer", "uatuat", 0, 2, "m0", "u3", ["t5"]],
    ["the prompt after a turn without an answer", "uu", 1, 0, "m1", "u1", []],
    ["the prompt after a plain answer", "uau", 1, 0, "m2", "u2", []],
  ];
  for (const [name, letters, turn, step, opener, prompt, results] of places) {
    it(`finds ${name}`, () => {
      assert.deepEqual(placeOf(history(letters)), {
        turn,
        step,
        opener,
        fillings: { prompt, results },
      });
    });
  }
});

describe("stepAt", () => {
  const text = `
[[turn]]
[[turn.step]]
say = "first"
[[turn]]
[[turn.step]]
say = "second"
`;
  const said = (source: string, letters: string) =>
    stepAt(parseScript(source, "my.toml"), placeOf(history(letters)))?.say;

  it("plays the last turn again and again", () => {
    assert.deepEqual(
      ["u", "uau", "uauau", "uauauau"].map((letters) => said(text, letters)),
      ["first", "second", "second", "second"],
    );
  });

  it("starts again from the first turn when told to", () => {
    const source = `repeat = "from_start"\n${text}`;
    assert.deepEqual(
      ["u", "uau", "uauau", "uauauau"].map((letters) => said(source, letters)),
      ["first", "second", "first", "second"],
    );
  });

  it("has nothing after a turn's last step", () => {
    assert.equal(said(text, "uat"), undefined);
  });
});
