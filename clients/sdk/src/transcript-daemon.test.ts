import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { PartSchema, Role } from "@daphnia/protocol/message";
import type { TranscriptEntry } from "@daphnia/protocol/session_service";
import { connect } from "./node.ts";
import { startTestDaemon } from "./testing/daemon.ts";
import { createTranscript, type Entry } from "./transcript.ts";
import type { WatchOptions } from "./watch.ts";

const script = `
chunk = 4
[[turn]] # calls side by side, of which one is refused
  [[turn.step]]
  think = "Zwei Fragen – 🤔"
  say = "I look twice."
    [[turn.step.call]]
    tool = "glob"
    arguments = { pattern = "*" }
    [[turn.step.call]]
    tool = "glob"
    raw_arguments = "{"
  [[turn.step]]
  say = "Both have an answer."
[[turn]] # an attempt that another one replaces
  [[turn.step]]
  say = "This breaks in the middle and is said again."
  fail = { kind = "overloaded", after_pieces = 3, times = 1, retry_after_ms = 1 }
[[turn]] # said in part, and canceled
  [[turn.step]]
  say = "And then"
  hang = true
`;

/** What both sides say of an entry. */
type Line = Readonly<Record<string, unknown>>;

function lineOf({ kind, turnId, step, parts, interrupted, superseded, isError }: Entry): Line {
  return { kind, turnId, step, parts, interrupted, superseded, isError };
}

function lineOfAnswer(entry: TranscriptEntry): Line {
  const { message, turnId, step, interrupted, superseded } = entry;
  const said = { turnId, step, interrupted, superseded };
  const [part] = message?.parts ?? [];
  if (part?.kind.case === "toolResult") {
    const { parts, isError } = part.kind.value;
    return { kind: "result", ...said, parts, isError };
  }
  const kind = message?.role === Role.USER ? "prompt" : "message";
  return { kind, ...said, parts: message?.parts, isError: false };
}

it("folds the same as the daemon: live, and when it is read again", async () => {
  await using daemon = await startTestDaemon(
    '[listen]\ntcp = false\n[limits]\nretry_pause = "10ms"\n',
    { words: script },
  );
  const client = connect({ home: daemon.home });
  const { session, cursor } = await client.sessions.createSession({
    model: "scripted/words",
    roots: [import.meta.dirname],
  });
  const sessionId = session?.id ?? "";
  const from: WatchOptions = { after: cursor, selector: { sessions: [sessionId] } };
  const live = createTranscript();
  const watching = client.watch(from);
  const untilTold = async (isEnough: (response: WatchResponse) => boolean) => {
    for (let next = await watching.next(); !next.done; next = await watching.next()) {
      live.apply(next.value);
      if (isEnough(next.value)) return;
    }
  };
  const isFinished = ({ events }: WatchResponse) =>
    events.some(({ body }) => body.case === "turnFinished");
  const go = async () => {
    const parts = [create(PartSchema, { kind: { case: "text", value: "go on" } })];
    await client.sessions.prompt({ sessionId, parts });
  };
  await go();
  await untilTold(isFinished);
  await go();
  await untilTold(isFinished);
  await go();
  await untilTold(() => live.entries().at(-1)?.isDraft === true);
  await client.sessions.cancelTurn({ sessionId });
  await untilTold(isFinished);
  await watching.return();
  const again = createTranscript();
  for await (const response of client.watch({ ...from, untilCaughtUp: true })) {
    again.apply(response);
  }
  const { entries } = await client.sessions.getTranscript({ sessionId });
  const expected = entries.map(lineOfAnswer);
  assert.deepEqual(live.entries().map(lineOf), expected);
  assert.deepEqual(again.entries().map(lineOf), expected);
  assert.deepEqual(
    live.entries().filter(({ isDraft }) => isDraft),
    [],
  );
  const count = (is: (entry: Entry) => boolean) => live.entries().filter(is).length;
  assert.deepEqual(
    {
      results: count(({ kind }) => kind === "result"),
      errors: count(({ isError }) => isError),
      interrupted: count(({ interrupted }) => interrupted),
      superseded: count(({ superseded }) => superseded),
    },
    { results: 2, errors: 1, interrupted: 2, superseded: 1 },
  );
});
