import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DaemonError } from "../../base/errors.ts";
import { parseScript } from "./script.ts";

const whole = `
chunk = 12
pace_ms = 5
repeat = "from_start"

[[turn]]
[[turn.step]]
think = "I look first."
say = "Let me look around."
[[turn.step.call]]
tool = "glob"
arguments = { pattern = "*.md", deep = [1, true, { x = 0.5 }] }
[[turn.step.call]]
tool = "read"
raw_arguments = '{"path":'

[[turn.step]]
pieces = ["I saw ", "{{result.0}}"]
chunk = 0
pace_ms = 0
usage = { input = 10, output = 20, cache_read = 4 }
finish = "length"
fail = { kind = "overloaded", message = "too many", after_pieces = 3, retry_after_ms = 0, times = 1 }
hang = true
`;

const plain = {
  chunk: 16,
  pace: 0,
  think: "",
  say: "",
  calls: [],
  usage: { input: undefined, output: undefined, cacheRead: 0, cacheWrite: 0, thinking: 0 },
  finish: "stop",
  fail: undefined,
  hang: false,
};

function mistakeIn(text: string): DaemonError {
  try {
    parseScript(text, "my.toml");
  } catch (error) {
    assert.ok(error instanceof DaemonError);
    assert.equal(error.refusal, "invalid_argument");
    assert.equal(error.detail.reason, "INVALID_FIELD");
    return error;
  }
  throw new assert.AssertionError({ message: `no mistake was found in ${text}` });
}

describe("parseScript", () => {
  it("reads every key", () => {
    assert.deepEqual(parseScript(whole, "my.toml"), {
      chunk: 12,
      pace: 5,
      repeat: "from_start",
      turns: [
        {
          steps: [
            {
              ...plain,
              chunk: 12,
              pace: 5,
              think: "I look first.",
              say: "Let me look around.",
              calls: [
                {
                  kind: "json",
                  tool: "glob",
                  arguments: { pattern: "*.md", deep: [1, true, { x: 0.5 }] },
                },
                { kind: "raw", tool: "read", arguments: '{"path":' },
              ],
              finish: "tool_calls",
            },
            {
              ...plain,
              chunk: 0,
              pace: 0,
              say: ["I saw ", "{{result.0}}"],
              usage: { input: 10, output: 20, cacheRead: 4, cacheWrite: 0, thinking: 0 },
              finish: "length",
              fail: {
                kind: "overloaded",
                message: "too many",
                afterPieces: 3,
                retryAfter: 0,
                times: 1,
              },
              hang: true,
            },
          ],
        },
      ],
    });
  });

  it("needs no more than one step", () => {
    assert.deepEqual(parseScript("[[turn]]\n[[turn.step]]\n", "my.toml"), {
      chunk: 16,
      pace: 0,
      repeat: "last",
      turns: [{ steps: [plain] }],
    });
  });

  it("lets a failure happen always, before the first piece, unless told otherwise", () => {
    const text = '[[turn]]\n[[turn.step]]\nfail = { kind = "network" }';
    assert.deepEqual(parseScript(text, "my.toml").turns[0]?.steps[0]?.fail, {
      kind: "network",
      message: "the script fails here: network",
      afterPieces: 0,
      times: Number.POSITIVE_INFINITY,
      retryAfter: undefined,
    });
  });

  const step = "[[turn]]\n[[turn.step]]\n";
  const mistakes: readonly (readonly [string, string, string])[] = [
    ["", "my.toml:1: a script needs at least one [[turn]]", "my.toml"],
    ["pace_ms = 1\n\n[[turn]]", "my.toml:3: a turn needs at least one [[turn.step]]", "turn"],
    [`${step}say = "a`, "my.toml:3: not TOML at column", "my.toml"],
    ["chunks = 1", 'my.toml:1: unknown key "chunks"; did you mean "chunk"?', "chunks"],
    [`${step}sya = 1`, 'my.toml:3: unknown key "sya"; did you mean "say"?', "turn.step.sya"],
    [
      `${step}${step}say = ""\n[[turn.step.call]]\ntool = "x"\nqqq = 1`,
      'my.toml:8: unknown key "qqq"; turn.step.call has tool, arguments, raw_arguments',
      "turn.step.call.qqq",
    ],
    [`${step}say = 12`, "my.toml:3: say must be text, got 12", "turn.step.say"],
    [
      `${step}\nsay = "a"\npieces = ["b"]`,
      "my.toml:5: a step has say or pieces, not both",
      "turn.step.pieces",
    ],
    [
      `${step}pieces = ["b", 1]`,
      'my.toml:3: pieces must be a list of texts, got ["b",1]',
      "turn.step.pieces",
    ],
    [`${step}chunk = -1`, "my.toml:3: chunk must be a whole number from 0 on, got -1", ""],
    [`${step}pace_ms = 0.5`, "my.toml:3: pace_ms must be a whole number from 0 on, got 0.5", ""],
    [`${step}hang = "yes"`, 'my.toml:3: hang must be true or false, got "yes"', ""],
    ['repeat = "first"', 'my.toml:1: repeat must be one of last, from_start, got "first"', ""],
    ["turn = 3", "my.toml:1: turn must be tables, each under [[turn]], got 3", "turn"],
    ["[turn]\n[turn.step]", "my.toml:1: turn must be tables, each under [[turn]], got {", ""],
    [`${step}usage = { inputs = 3 }`, 'my.toml:3: unknown key "inputs"; did you mean "input"?', ""],
    [`${step}usage = 3`, "my.toml:3: usage must be a table, got 3", "turn.step.usage"],
    [`${step}[[turn.step.call]]\n`, "my.toml:3: a call names its tool, such as", ""],
    [
      `${step}[[turn.step.call]]\ntool = "x"\narguments = {}\nraw_arguments = ""`,
      "my.toml:6: a call has arguments or raw_arguments, not both",
      "",
    ],
    [
      `${step}[[turn.step.call]]\ntool = "x"\narguments = { when = 2026-01-01 }`,
      "my.toml:5: arguments must be a table without dates, nan and inf, got {",
      "",
    ],
    [`${step}fail = { }`, "my.toml:3: a failure names its kind: auth, rate_limit", ""],
    [
      `${step}fail = { kind = "slow" }`,
      "my.toml:3: kind must be one of auth, rate_limit, overloaded,",
      "turn.step.fail.kind",
    ],
    [
      `${step}fail = { kind = "auth", times = 0 }`,
      "my.toml:3: times must be a whole number from 1 on, got 0",
      "",
    ],
    [
      `${step}say = "{{promt}}"`,
      'my.toml:3: unknown placeholder {{promt}}; did you mean "prompt"? expected {{prompt}}, ',
      "",
    ],
    [
      `${step}[[turn.step.call]]\ntool = "x"\n[turn.step.call.arguments]\na = ["{{result}}"]`,
      "my.toml:5: unknown placeholder {{result}}",
      "turn.step.call.arguments",
    ],
  ];
  for (const [text, message, field] of mistakes) {
    it(`says ${message}`, () => {
      const error = mistakeIn(text);
      assert.equal(error.message.slice(0, message.length), message);
      if (field !== "") assert.equal(error.detail.fields?.[0]?.field, field);
      assert.ok(!error.message.includes("\n"), "it is one line");
    });
  }
});
