import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Event, MessageCompleted } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { TurnOutcome } from "@daphnia/protocol/session";
import { createBenchTool } from "../src/core/agent/testing/bench-tool.ts";
import { unpackCadence } from "../src/core/log/testing/unpack-cadence.ts";
import { assertAnswered, assertStrict } from "../src/core/session/testing/strict-history.ts";
import { weatherTool } from "../src/plugins/providers/testing/model-request.ts";
import { isThere, readRecording, seed } from "../src/plugins/providers/testing/recorded-bytes.ts";
import {
  type Recording,
  recordings,
  tokensOf,
} from "../src/plugins/providers/testing/recordings.ts";
import { cutAnywhere } from "../src/plugins/providers/testing/sse-framing.ts";
import {
  type StreamServer,
  startStreamServer,
} from "../src/plugins/providers/testing/stream-server.ts";
import { openAt } from "../src/plugins/providers/testing/wires.ts";
import { type ModelBench, openModelBench } from "./model-bench.ts";
import { pairingProblem } from "./tool-pairing.ts";

/** What each provider answers after the recording, so that the turn comes to an end. */
const endings: Readonly<Record<string, string>> = {
  anthropic: "anthropic/anthropic-text",
  openai: "openai/openai-phase.1",
  "openai-chat": "openai/openai-text",
  google: "google/google-text",
  "google-interactions": "google/basic",
  "openai-compatible": "deepseek/deepseek-text",
};

// Whoever asks for one of these gets an answer; everybody else learns that there is no such tool.
const tools = ["weather", "get_weather", "cityAttractions"].map((name) => ({
  ...createBenchTool(name),
  spec: { ...weatherTool, name },
}));

describe("a turn over a recorded stream", { skip: !isThere }, () => {
  let server: StreamServer;
  let replies: (readonly Uint8Array[])[] = [];
  before(async () => {
    server = await startStreamServer(() => ({ chunks: replies.shift() ?? [] }));
    console.log(`recorded streams are cut with DAPHNIA_TEST_SEED=${seed}`);
  });
  after(() => server.close());

  for (const [index, recording] of recordings.entries()) {
    it(`ends, is told as it is kept, and can be gone on from: ${recording.file}`, async () => {
      const { file = "", provider } = { ...recording, file: endings[recording.provider] };
      const [{ wire, bytes }, ending] = await Promise.all([
        readRecording(recording),
        readRecording({ file, provider }),
      ]);
      const cut = (of: Uint8Array, i: number) => cutAnywhere(of, seed + 10 * index + i);
      replies = [cut(bytes, 0), ...[1, 2, 3].map((i) => cut(ending.bytes, i))];
      const bench = await openModelBench(await openAt(server.url, wire), tools);
      try {
        const first = await bench.turn("go");
        assert.match(outcomeOf(first), outcomes[recording.outcome] ?? /^FAILED ./);
        assertUsage(first, recording);
        const events = await bench.turn("and now?");
        assert.equal(outcomeOf(events), "COMPLETED");
        assertAnswered(events);
        for (const completed of messagesOf(events)) assertTold(completed, bench);
        for (const { messages } of bench.requests) assertStrict(messages);
        const last = Buffer.from(server.bodies.at(-1) ?? []);
        if (wire.dialect === "anthropic") assert.equal(pairingProblem(last), undefined);
        assert.deepEqual(bench.bugs, []);
      } finally {
        await bench.close();
      }
    });
  }
});

/** An answer that could not be read is asked for again. */
const outcomes: Readonly<Record<string, RegExp>> = { ok: /^COMPLETED$/, malformed: /^COMPLETED$/ };

function outcomeOf(events: readonly Event[]): string {
  const body = events.at(-1)?.body;
  if (body?.case !== "turnFinished") return "open";
  const { outcome, error } = body.value;
  return `${TurnOutcome[outcome]} ${error?.message ?? ""}`.trim();
}

function assertUsage(events: readonly Event[], { usage, outcome }: Recording): void {
  if (outcome !== "ok") return;
  const [step] = events.flatMap(({ body }) => (body.case === "stepFinished" ? [body.value] : []));
  assert.equal(step?.usage ? tokensOf(step.usage) : "-", usage);
}

function messagesOf(events: readonly Event[]): MessageCompleted[] {
  return events.flatMap(({ body }) => (body.case === "messageCompleted" ? [body.value] : []));
}

/** What was streamed is what was kept, part by part, and the cadence counts the same bytes. */
function assertTold({ draftId, message, cadence }: MessageCompleted, { drafts }: ModelBench): void {
  const told = drafts.get(draftId) ?? new Map<number, string>();
  const kept = (message?.parts ?? []).flatMap((part, i) => {
    const text = textOf(part);
    return text === undefined ? [] : [[i, text] as const];
  });
  assert.deepEqual([...told], kept);
  const counted = new Map<number, number>();
  for (const { part, bytes } of unpackCadence(cadence)) {
    counted.set(part, (counted.get(part) ?? 0) + bytes);
  }
  assert.deepEqual(
    [...counted],
    kept.map(([i, text]) => [i, Buffer.byteLength(text)]),
  );
}

/** What streams of a part. None of the recordings has a text that an event would cut. */
function textOf({ kind, full }: Part): string | undefined {
  assert.equal(kind.case === "opaque" ? undefined : full, undefined);
  if (kind.case === "text" || kind.case === "thinking") return kind.value;
  return kind.case === "toolCall" ? kind.value.arguments : undefined;
}
