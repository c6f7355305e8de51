import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { toJsonString } from "@bufbuild/protobuf";
import { connect } from "@daphnia/client/node";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { openViewer, type Viewer } from "./viewer.ts";

const rounds = Number(process.env["DAPHNIA_KILL_ROUNDS"] ?? (process.env["CI"] ? 50 : 10));
const sessions = 8;

/** Three calls side by side: one that may run again, two that may not. */
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
    tool = "wait"
    arguments = { ms = 30 }
  [[turn.step]]
  say = "All three of them have an answer now."
`;

/** A prompt that is sent until somebody answers, always with the same request id. */
async function promptUntilAnswered(daemon: DaemonProcess, sessionId: string, text: string) {
  const request = { requestId: randomUUID(), sessionId, parts: [textPart(text)] };
  for (;;) {
    try {
      return await daemon.client.sessions.prompt(request);
    } catch {
      await pause(20); // the daemon is down; the next one is asked the same
    }
  }
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
    const acknowledged: { text: string; turnId: string; promptId: string }[] = [];
    for (let round = 0; round < rounds; round++) {
      const prompts = Promise.all(
        ids.map(async (id, i) => {
          const text = `round-${round}-${i}`;
          const { turnId, promptId } = await promptUntilAnswered(daemon, id, text);
          acknowledged.push({ text, turnId, promptId });
        }),
      );
      await pause(randomInt(250));
      await daemon.kill();
      await daemon.start();
      await prompts;
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
    checkCalls(log);
    const effects = (await readFile(join(daemon.folder, "effects.txt"), "utf8")).trim().split("\n");
    assert.equal(new Set(effects).size, effects.length, "an effect happened twice");
    t.diagnostic(
      `${log.length} events, ${acknowledged.length} prompts, ${effects.length} effects: 0 lost, 0 doubled`,
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

function checkPrompts(
  acknowledged: readonly { text: string; turnId: string }[],
  log: readonly Event[],
): void {
  const texts = log.flatMap(({ body }) =>
    body.case === "promptAccepted" ? body.value.parts.map(({ kind }) => String(kind.value)) : [],
  );
  assert.deepEqual(texts.toSorted(), acknowledged.map(({ text }) => text).toSorted());
  for (const name of ["turnStarted", "turnFinished"] as const) {
    const turns = log.flatMap(({ body, turnId }) => (body.case === name ? [turnId] : []));
    assert.deepEqual(turns.toSorted(), acknowledged.map(({ turnId }) => turnId).toSorted());
  }
}

/** Every requested call has exactly one answer, and nothing unsafe started twice. */
function checkCalls(log: readonly Event[]): void {
  const requested = log.flatMap(({ body }) =>
    body.case === "messageCompleted" && !body.value.interrupted
      ? callsOf(body.value.message?.parts ?? [])
      : [],
  );
  const answered = log.flatMap(({ body }) =>
    body.case === "toolCallFinished" ? [body.value.callId] : [],
  );
  const unsafe = log.flatMap(({ body }) =>
    body.case === "toolCallStarted" && body.value.tool === "append" ? [body.value.callId] : [],
  );
  assert.deepEqual(answered.toSorted(), requested.toSorted());
  assert.equal(new Set(unsafe).size, unsafe.length, "an unsafe call was started twice");
}

function callsOf(parts: readonly Part[]): string[] {
  return parts.flatMap(({ kind }) => (kind.case === "toolCall" ? [kind.value.callId] : []));
}
