import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import type { SessionSpan } from "@daphnia/client/trace-spans";
import { type Delta, DeltaSchema, type Event, EventSchema } from "@daphnia/protocol/event";
import { GetTranscriptResponseSchema } from "@daphnia/protocol/session_service";
import { assertNested } from "../../../clients/sdk/src/testing/assert-nested.ts";
import { createSession, endOf, eventsUntil, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

/** Thinks, speaks with a pace, and calls two tools at once. */
const busy = `
chunk = 6
pace_ms = 4
[[turn]]
  [[turn.step]]
  think = "I look twice – ünïcödé too."
  say = "Two calls, with \`\`\`code\`\`\` before them."
  usage = { input = 1200, output = 80, cache_read = 700, thinking = 9 }
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 40 }
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 20 }
    [[turn.step.call]]
    tool = "nowhere"
    arguments = {}
  [[turn.step]]
  say = "Both are done."
  usage = { input = 1500, output = 20, cache_read = 1200 }
`;

const helper = `
[[turn]]
  [[turn.step]]
  say = "Helped."
  usage = { input = 10, output = 1 }
`;

const bin = join(import.meta.dirname, "../../../clients/cli/bin/daphnia.js");

describe("looking back with the command line", () => {
  let daemon: DaemonProcess;
  let sessionId: string;
  let turnId: string;
  /** Deltas as a live watch told them. */
  const live: Delta[] = [];
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("busy", busy);
    await daemon.script("helper", helper);
    sessionId = await createSession(daemon, "busy");
    const { cursor, ...prompted } = await prompt(daemon.client, sessionId, "look around");
    turnId = prompted.turnId;
    const selector = { sessions: [sessionId] };
    for await (const { events, deltas } of daemon.client.watch({ selector, after: cursor })) {
      live.push(...deltas);
      if (events.some(endOf(turnId))) break;
    }
  });
  after(() => daemon.remove());

  function start(...args: string[]) {
    const env = { PATH: process.env["PATH"], HOME: daemon.home, DAPHNIA_HOME: daemon.home };
    return spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  }

  async function run(...args: string[]): Promise<string> {
    const child = start(...args);
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (child.exitCode === null) await once(child, "exit");
    assert.equal(child.exitCode, 0, err);
    return out;
  }

  const traceOf = async (id: string): Promise<SessionSpan> =>
    JSON.parse(await run("trace", id, "--json"));

  it("V7: traces a turn with the figures that its end tells", async () => {
    const span = await traceOf(sessionId);
    const end = (await logOf(daemon.client, sessionId)).at(-1)?.body;
    assert.ok(end?.case === "turnFinished");
    const { usage, duration, cost } = end.value;
    const [turn, ...others] = span.turns;
    assert.ok(turn && usage && duration);
    assert.equal(others.length, 0);
    const { $typeName: _name, ...counts } = usage;
    assert.deepEqual(
      turn.spent.usage,
      Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Number(count)])),
    );
    // Nobody knows the price of a script.
    assert.deepEqual(
      [cost, turn.spent.cost, turn.spent.costIncomplete],
      [undefined, undefined, true],
    );
    assert.equal(
      turn.duration,
      Math.round(duration.nanos / 1000 + Number(duration.seconds) * 1e6) / 1000,
    );
    const { model, tools, waiting, other } = turn.time;
    assert.equal(
      Math.round((model + tools + waiting + other) * 1000),
      Math.round(turn.duration * 1000),
    );
    assert.ok(model > 0 && tools >= 40 && waiting === 0 && other >= 0, JSON.stringify(turn.time));
    const sums = turn.steps.map(({ own }) => own.usage?.inputTokens);
    assert.deepEqual([sums, span.spent], [[1200, 1500], turn.spent]);
    assert.deepEqual(
      turn.steps.map(({ calls }) => calls.map(({ tool, status }) => [tool, status])),
      [
        [
          ["wait", "ok"],
          ["wait", "ok"],
          ["nowhere", "out_of_scope"],
        ],
        [],
      ],
    );
    assert.deepEqual(await traceOf(turnId), { ...span, startTime: turn.startTime });
  });

  it("V7: draws a trace in which parallel calls never cut each other", async () => {
    const { traceEvents } = JSON.parse(await run("trace", sessionId, "--format", "chrome"));
    for (const event of traceEvents) {
      for (const field of ["ph", "ts", "pid", "tid"])
        assert.ok(field in event, JSON.stringify(event));
    }
    assertNested(traceEvents);
    const waits = traceEvents.filter(({ name }: { name: string }) => name === "wait");
    assert.equal(new Set(waits.map(({ tid }: { tid: number }) => tid)).size, 2);
  });

  it("V7: replays the same events, and the same deltas between them", async () => {
    const lines = (await run("replay", sessionId, "--json", "--speed", "max"))
      .trim()
      .split("\n")
      .map((line): JsonValue => JSON.parse(line));
    const { events, deltas } = parted(lines);
    assert.deepEqual(events, await logOf(daemon.client, sessionId));
    assert.deepEqual(joined(deltas), joined(live));
    assert.ok(deltas.length > 20, "it was written piece by piece");
    const first = lines.findIndex((line) => JSON.stringify(line).includes('"delta"'));
    const settled = lines.findIndex((line) => JSON.stringify(line).includes("messageCompleted"));
    assert.ok(first > 0 && first < settled, "deltas come before what settles them");
  });

  it("V7: replays no faster than it was, and ends at Ctrl-C", async () => {
    const events = await logOf(daemon.client, sessionId);
    const from = events.findIndex(({ body }) => body.case === "stepStarted") + 1;
    const [begun, ended] = [events[from - 1], events.at(-1)].map((event) => timeOf(event));
    const before = performance.now();
    await run("replay", sessionId, "--from", String(from));
    assert.ok(performance.now() - before >= (ended ?? 0) - (begun ?? 0));
    const child = start("replay", sessionId, "--json", "--speed", "0.001");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    assert.equal(code, 130);
  });

  it("V7: traces three sessions that are linked by cause, and adds them up", async () => {
    const log = await logOf(daemon.client, sessionId);
    const call = log.find(({ body }) => body.case === "toolCallStarted");
    assert.ok(call);
    const start = (child: string, { seq, sessionId: from }: Event) =>
      daemon.client.sessions.createSession({
        sessionId: child,
        model: "scripted/helper",
        roots: [daemon.folder],
        parent: { sessionId: from, seq },
      });
    await start("child", call);
    await start("grandchild", await endOfTurn("child", "help"));
    await endOfTurn("grandchild", "help more");
    const { session } = await daemon.client.sessions.getSession({ sessionId: "child" });
    assert.equal(session?.parent?.sessionId, sessionId);

    const span = await traceOf(sessionId);
    const [first, second] = span.turns[0]?.steps ?? [];
    const child = first?.calls[0]?.children[0];
    const grandchild = child?.turns[0]?.children[0];
    assert.deepEqual(
      [child?.sessionId, child?.parent?.seq, grandchild?.sessionId],
      ["child", Number(call.seq), "grandchild"],
    );
    const inputs = [span, first, second, child, grandchild].map(
      (part) => part?.spent.usage?.inputTokens,
    );
    assert.deepEqual(inputs, [2720, 1220, 1500, 20, 10]);
    assert.equal(first?.own.usage?.inputTokens, 1200);
    const shown = await run("trace", sessionId);
    assert.match(shown, /wait ms=40 .*\n.*└ child · default · "help" .*\n.*turn-.* completed/);
    const alone = await run("trace", "child");
    assert.match(alone, /^ +TIME .*\nchild · default/);
    const chrome = JSON.parse(await run("trace", sessionId, "--format", "chrome"));
    assertNested(chrome.traceEvents);
  });

  it("prints the request and the transcript as the daemon answers them", async () => {
    const { sessions } = daemon.client;
    const kept = await sessions.getStepRequest({ sessionId, turnId, step: 1 });
    const body = JSON.parse(Buffer.from(kept.body).toString());
    assert.deepEqual(JSON.parse(await run("request", turnId, "1")), body);
    const told = JSON.parse(await run("request", sessionId, "1", "--json"));
    assert.deepEqual(told, {
      ...{ sessionId, turnId, step: 1, model: "scripted/busy" },
      ...{ mediaType: kept.mediaType, body },
    });
    const { cursor: _cursor, ...transcript } = JSON.parse(
      await run("transcript", sessionId, "--json"),
    );
    const answered = toJson(
      GetTranscriptResponseSchema,
      await sessions.getTranscript({ sessionId }),
    );
    const { cursor: _other, ...same } = answered as { cursor: string }; // a message is an object
    assert.deepEqual(transcript, same);
    assert.match(await run("transcript", sessionId), /^# look around\n[\s\S]*\nBoth are done\.\n$/);
    assert.match(await run("transcript", sessionId, "--at", "4"), /## User\n\nlook around\n$/);
  });

  async function endOfTurn(id: string, words: string): Promise<Event> {
    const { cursor, turnId: turn } = await prompt(daemon.client, id, words);
    const selector = { sessions: [id] };
    const events = await eventsUntil(daemon.client, { selector, after: cursor }, endOf(turn));
    const last = events.at(-1);
    assert.ok(last);
    return last;
  }
});

function timeOf(event: Event | undefined): number {
  return Number(event?.time?.seconds) * 1000 + Number(event?.time?.nanos) / 1e6;
}

/** What deltas say, neighbours of one part put together: a slow reader gets fewer and larger ones. */
function joined(deltas: readonly Delta[]): Delta[] {
  const whole: Delta[] = [];
  for (const delta of deltas) {
    const last = whole.at(-1);
    const isMore = last?.draftId === delta.draftId && last.part === delta.part;
    if (isMore && last.piece.case === "text" && delta.piece.case === "text") {
      const end = Number(last.offset) + Buffer.byteLength(last.piece.value);
      assert.equal(Number(delta.offset), end, "a piece begins where the last one ended");
      last.piece.value += delta.piece.value;
    } else whole.push(structuredClone(delta));
  }
  return whole;
}

function parted(lines: readonly JsonValue[]) {
  const events: Event[] = [];
  const deltas: Delta[] = [];
  for (const line of lines) {
    const isDelta = typeof line === "object" && line !== null && "delta" in line;
    if (isDelta) deltas.push(fromJson(DeltaSchema, line["delta"] ?? null));
    else events.push(fromJson(EventSchema, line));
  }
  return { events, deltas };
}
