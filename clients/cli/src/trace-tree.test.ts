import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nothingSpent, type Spending } from "@daphnia/client/spending";
import type { CallSpan, SessionSpan, TurnSpan } from "@daphnia/client/trace-spans";
import { traceLines } from "./trace-tree.ts";

const spent: Spending = {
  usage: {
    inputTokens: 1204,
    outputTokens: 100,
    cacheReadTokens: 800,
    cacheWriteTokens: 0,
    thinkingTokens: 0,
  },
  usageIncomplete: false,
  cost: { currency: "USD", nanos: 1_500_000 },
  costIncomplete: false,
};
const unknown = { ...nothingSpent, usageIncomplete: true, costIncomplete: true };
const lower = { ...spent, usageIncomplete: true, costIncomplete: true };
const times = { startTime: 0, endTime: 2000, duration: 2000 };
const time = { model: 1500, tools: 400, waiting: 0, other: 100 };

function call(tool: string, status: string): CallSpan {
  const about = { callId: tool, tool, status, arguments: '{"path":"a/b"}' };
  const own = { duration: 400, waited: 0, waits: [] };
  return { ...about, ...times, ...own, spent: nothingSpent, children: [] };
}

function turn(more: Partial<TurnSpan>): TurnSpan {
  const attempt = { attempt: 1, status: "ok", error: undefined, waited: 0, firstToken: 12 };
  const step = { step: 1, model: "p/m", own: spent, children: [] };
  return {
    ...times,
    turnId: "turn-1",
    status: "completed",
    error: undefined,
    model: "p/m",
    prompt: "Look around.",
    waited: { forTurns: 0, forSlot: 3 },
    time,
    spent,
    steps: [
      {
        ...{ ...step, ...times, spent },
        attempts: [{ ...attempt, ...times, duration: 1500, spent }],
        calls: [call("read", "ok"), call("bash", "denied")],
      },
      {
        ...{ ...step, ...times, step: 2, spent },
        attempts: [{ ...attempt, ...times, spent }],
        calls: [],
      },
    ],
    suspensions: [],
    children: [],
    ...more,
  };
}

function session(...turns: TurnSpan[]): SessionSpan {
  const head = { sessionId: "session-1", agent: "default", title: "", parent: undefined };
  return { ...head, ...times, time, spent: turns[0]?.spent ?? nothingSpent, turns, children: [] };
}

const linesOf = (columns: number, ...turns: TurnSpan[]) =>
  traceLines(session(...turns), columns, (_, text) => text);

describe("traceLines", () => {
  it("shows turns, steps and calls with their figures, and where time went", () => {
    assert.deepEqual(linesOf(Number.POSITIVE_INFINITY, turn({})), [
      "                                              TIME    IN  CACHED  OUT     COST",
      "session-1 · default                          2.0 s  1204     800  100  $0.0015",
      '└ turn-1 completed · "Look around."          2.0 s  1204     800  100  $0.0015',
      "  ├ step 1 · p/m                             2.0 s  1204     800  100  $0.0015",
      "  │ ├ model · first token after 12 ms        1.5 s",
      "  │ ├ read path=a/b                         400 ms",
      "  │ └ bash path=a/b · denied                400 ms",
      "  └ step 2 · p/m · first token after 12 ms   2.0 s  1204     800  100  $0.0015",
      "",
      "model 1.5 s · tools 400 ms · waiting 0 ms · other 100 ms",
    ]);
  });

  it("says what is unknown, what is a lower bound, and what goes on or waits", () => {
    const open = { endTime: undefined, duration: 50, steps: [] };
    const waiting = { ...open, status: "queued", waited: { forTurns: 1200, forSlot: 0 } };
    const lines = linesOf(
      Number.POSITIVE_INFINITY,
      turn({ spent: unknown, steps: [], status: "max_steps" }),
      turn({ ...open, spent: lower, status: "running" }),
      turn({ ...waiting, spent: nothingSpent }),
    );
    assert.deepEqual(lines.slice(2, -2), [
      '├ turn-1 max steps · "Look around."    2.0 s  unknown  unknown  unknown   unknown',
      '├ turn-1 running · "Look around."    50 ms …    ≥1204     ≥800     ≥100  ≥$0.0015',
      '└ turn-1 queued · "Look around."',
      "  └ waited for the turns before        1.2 s",
    ]);
  });

  it("shows what a call waited for a person below it", () => {
    const steps = turn({})
      .steps.slice(0, 1)
      .map((step) => ({
        ...step,
        calls: [
          { ...call("bash", "ok"), waited: 90_000 },
          { ...call("edit", "waiting"), waited: 4 },
        ],
      }));
    assert.deepEqual(linesOf(Number.POSITIVE_INFINITY, turn({ steps })).slice(5, -2), [
      "    ├ bash path=a/b                        400 ms",
      "    │ └ waited for a person            1 min 30 s",
      "    └ edit path=a/b · waiting              400 ms",
    ]);
  });

  it("stays within its columns, and gives up figures before the tree", () => {
    for (let columns = 40; columns <= 200; columns++) {
      for (const line of linesOf(columns, turn({ prompt: "🦐".repeat(300) }))) {
        assert.ok([...line].length <= columns, `${columns}: ${line}`);
      }
    }
    const headings = [40, 50, 60, 80].map((columns) => linesOf(columns, turn({}))[0]?.trim());
    assert.deepEqual(headings, [
      "TIME",
      "TIME     COST",
      "TIME    IN  OUT     COST",
      "TIME    IN  CACHED  OUT     COST",
    ]);
  });

  it("shows control characters of others instead of obeying them", () => {
    const [, , line] = linesOf(Number.POSITIVE_INFINITY, turn({ prompt: "a\u001b[2J\nb" }));
    assert.match(line ?? "", /"a\\x1b\[2J\\nb"/);
  });
});
