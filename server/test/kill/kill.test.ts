import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { toJsonString } from "@bufbuild/protobuf";
import { connect } from "@daphnia/client/node";
import { infoOf, reasonOf } from "@daphnia/client/reasons";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import type { ToolCall } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { openViewer, type Viewer } from "./viewer.ts";

const rounds = Number(process.env["DAPHNIA_KILL_ROUNDS"] ?? (process.env["CI"] ? 50 : 10));
const sessions = 8;

/** Calls side by side of each class: two that may run again, and two that may not. */
const script = `
chunk = 6
pace_ms = 2
repeat = "from_start"
[[turn]]
  [[turn.step]]
  think = "I write twice and wait once."
  say = "Here is what I am about to do."
    [[turn.step.call]]
    tool = "append"
    arguments = { path = "effects.txt", line = "{{prompt}} a", ms = 20 }
    [[turn.step.call]]
    tool = "append"
    arguments = { path = "effects.txt", line = "{{prompt}} b" }
    [[turn.step.call]]
    tool = "write"
    arguments = { path = "{{prompt}}.txt", content = "{{prompt}} c" }
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 30 }
  [[turn.step]]
  say = "All of them have an answer now."
`;

/**
 * A write that is sent until somebody answers, always with the same request id. What the
 * daemon refused with a reason of its own it would refuse again.
 */
async function untilAnswered<A>(write: () => Promise<A>): Promise<A> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const isRefused = infoOf(error) !== undefined && reasonOf(error) !== "SHUTTING_DOWN";
      if (isRefused) throw error;
      await pause(20); // the daemon is down, or about to be; the next one is asked the same
    }
  }
}

/** A prompt that somebody answered for. */
interface Prompted {
  readonly text: string;
  readonly turnId: string;
}

/** A cancel that somebody answered. */
interface Canceled {
  readonly request: { readonly requestId: string; readonly sessionId: string };
  readonly turnId: string;
  readonly cursor: string;
  /** How many daemons had been started when the answer was there. */
  readonly starts: number;
}

describe("kill -9", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("three", script);
  });
  after(() => daemon.remove());

  it(`D3: loses nothing that was acknowledged and runs nothing twice, over ${rounds} rounds`, async (t) => {
    const ids = await Promise.all(
      Array.from({ length: sessions }, async () => {
        const input = { roots: [daemon.folder], model: "scripted/three" };
        const { session } = await daemon.client.sessions.createSession(input);
        return session?.id ?? "";
      }),
    );
    const viewers = [openViewer(connect({ home: daemon.home })), openViewer(daemon.client)];
    const acknowledged: Prompted[] = [];
    const canceled: Canceled[] = [];
    let starts = 1;
    const { client } = daemon;
    const promptOnce = async (sessionId: string, text: string) => {
      const request = { requestId: randomUUID(), sessionId, parts: [textPart(text)] };
      const { turnId } = await untilAnswered(() => client.sessions.prompt(request));
      acknowledged.push({ text, turnId });
    };
    /** Cancels what runs, or backs off since it crashed twice: the queue behind it goes on. */
    const cancelOnce = async (sessionId: string) => {
      await pause(randomInt(200));
      const request = { requestId: randomUUID(), sessionId };
      const { turnId, cursor } = await untilAnswered(() => client.sessions.cancelTurn(request));
      canceled.push({ request, turnId, cursor, starts });
    };
    for (let round = 0; round < rounds; round++) {
      const writes = Promise.all([
        ...ids.map((id, i) => promptOnce(id, `round-${round}-${i}`)),
        ...ids.filter(() => randomInt(2) === 0).map((id) => cancelOnce(id)),
      ]);
      await pause(randomInt(250));
      await daemon.kill();
      starts++;
      await daemon.start();
      await writes;
    }
    const last = new Set(acknowledged.map(({ turnId }) => turnId));
    for (const turnId of last) {
      await Promise.all(
        viewers.map((viewer) =>
          viewer.until((event) => event.turnId === turnId && event.body.case === "turnFinished"),
        ),
      );
    }
    const log: Event[] = [];
    const all = { after: "beginning", untilCaughtUp: true, noDeltas: true } as const;
    for await (const { events } of daemon.client.watch(all)) log.push(...events);
    for (const viewer of viewers) {
      await viewer.stop();
      checkViewer(viewer, log);
    }
    checkPrompts(acknowledged, log);
    checkCancels(canceled, log);
    const kept = canceled.filter(({ turnId }) => turnId !== "");
    for (const { request, turnId, cursor } of kept) {
      const again = await client.sessions.cancelTurn(request);
      assert.deepEqual([again.turnId, again.cursor], [turnId, cursor], "another answer");
    }
    checkCalls(log);
    const effects = (await readFile(join(daemon.folder, "effects.txt"), "utf8")).trim().split("\n");
    assert.equal(new Set(effects).size, effects.length, "an effect happened twice");
    const rewritten = await checkWrites(daemon.folder, log);
    t.diagnostic(
      `${log.length} events, ${acknowledged.length} prompts, ${kept.length} of ${canceled.length} cancels, ${effects.length} effects, ${rewritten} writes run again: 0 lost, 0 doubled`,
    );
  });
});

/** What a viewer was shown is in the log, whole, in order, and once. */
function checkViewer(viewer: Viewer, log: readonly Event[]): void {
  const kept = log.map((event) => toJsonString(EventSchema, event));
  assert.deepEqual([...viewer.shown], kept.slice(0, viewer.shown.length));
  const settled = new Map<string, string>();
  for (const { body } of log) {
    if (body.case !== "messageCompleted") continue;
    for (const [part, { kind }] of (body.value.message?.parts ?? []).entries()) {
      const text = kind.case === "toolCall" ? kind.value.arguments : String(kind.value);
      settled.set(`${body.value.draftId} ${part}`, text);
    }
  }
  for (const [key, text] of viewer.drafts) {
    const whole = settled.get(key);
    assert.ok(
      whole?.startsWith(text),
      `draft ${key} was shown ${JSON.stringify(text)}, settled ${JSON.stringify(whole)}`,
    );
  }
}

function checkPrompts(acknowledged: readonly Prompted[], log: readonly Event[]): void {
  const texts = log.flatMap(({ body }) =>
    body.case === "promptAccepted" ? body.value.parts.map(({ kind }) => String(kind.value)) : [],
  );
  assert.deepEqual(texts.toSorted(), acknowledged.map(({ text }) => text).toSorted());
  for (const name of ["turnStarted", "turnFinished"] as const) {
    const turns = log.flatMap(({ body, turnId }) => (body.case === name ? [turnId] : []));
    assert.deepEqual(turns.toSorted(), acknowledged.map(({ turnId }) => turnId).toSorted());
  }
}

/** A turn that was told to be canceled was over before the next daemon came. */
function checkCancels(canceled: readonly Canceled[], log: readonly Event[]): void {
  const started = log.flatMap(({ body }, i) => (body.case === "daemonStarted" ? [i] : []));
  for (const { turnId, starts } of canceled) {
    if (turnId === "") continue;
    const end = log.findIndex(
      (event) => event.turnId === turnId && event.body.case === "turnFinished",
    );
    assert.ok(end >= 0, `${turnId} has no end`);
    assert.ok(end < (started[starts] ?? log.length), `the cancel of ${turnId} was lost`);
  }
}

/** Every requested call has exactly one answer, and nothing unsafe started twice. */
function checkCalls(log: readonly Event[]): void {
  const requested = requestsOf(log).map(({ callId }) => callId);
  const answered = log.flatMap(({ body }) =>
    body.case === "toolCallFinished" ? [body.value.callId] : [],
  );
  const unsafe = log.flatMap(({ body }) =>
    body.case === "toolCallStarted" && body.value.tool === "append" ? [body.value.callId] : [],
  );
  assert.deepEqual(answered.toSorted(), requested.toSorted());
  assert.equal(new Set(unsafe).size, unsafe.length, "an unsafe call was started twice");
}

/**
 * What may run again ran under one id, counted on from attempt to attempt, and what it
 * answers for is there. How many ran again.
 */
async function checkWrites(folder: string, log: readonly Event[]): Promise<number> {
  const writes = requestsOf(log).filter(({ tool }) => tool === "write");
  const done = log.flatMap(({ body }) =>
    body.case === "toolCallFinished" && body.value.status === ToolCallStatus.OK
      ? [body.value.callId]
      : [],
  );
  let again = 0;
  for (const { callId, arguments: given } of writes) {
    const attempts = log.flatMap(({ body }) =>
      body.case === "toolCallStarted" && body.value.callId === callId ? [body.value.attempt] : [],
    );
    const counted = attempts.map((_, i) => i + 1);
    assert.deepEqual(attempts, counted, "an attempt was lost or doubled");
    if (attempts.length > 1) again++;
    if (!done.includes(callId)) continue;
    const { path, content }: { path: string; content: string } = JSON.parse(given);
    assert.equal(await readFile(join(folder, path), "utf8"), content);
  }
  return again;
}

/** The calls that were requested by messages that are whole. */
function requestsOf(log: readonly Event[]): ToolCall[] {
  return log.flatMap(({ body }) =>
    body.case === "messageCompleted" && !body.value.interrupted
      ? (body.value.message?.parts ?? []).flatMap(({ kind }) =>
          kind.case === "toolCall" ? [kind.value] : [],
        )
      : [],
  );
}
