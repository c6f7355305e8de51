import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { kindOf } from "../../src/core/log/event-bodies.ts";
import type { Append } from "../../src/core/log/event-store.ts";
import { createLog } from "../../src/core/log/log.ts";
import { systemClock } from "../../src/daemon/system.ts";
import { openSqliteStore } from "../../src/plugins/sqlite/open-store.ts";
import { newSession, openViewer } from "../conversation.ts";
import { fail } from "../fail.ts";
import { eventAt } from "../large-home.ts";
import { startModelServer } from "../model-server.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { dial } from "../raw-client.ts";
import { startDaemon, temporaryFolder } from "../server-process.ts";
import { quantile } from "../statistics.ts";

const turns = 20;
const pieces = 200;
/** Milliseconds between two pieces of a turn, as a fast model streams. */
const pace = 10;
/** Milliseconds between the starts of two turns: people do not prompt in one instant. */
const apart = 20;

export const manyTurnsLatency: Question = {
  name: "many turns latency",
  asks: `How long from the model server's byte until a viewer has the delta, of ${turns} turns at once?`,
  method: `The model server and the viewer are this process, so one clock counts: from just before a piece is written to its socket until the viewer has decoded it; every piece of all turns counts, none may be missing. ${pieces} pieces a turn, one each ${pace} ms, the turns spread over those ${pace} ms; one viewer sees all, over the unix socket. A turn starts ${apart} ms after the one before, so for most of their time all ${turns} run; beside it, the same with all started in one instant, where the first pieces wait for ${turns} turns to begin and the last for as many to end. Baseline: how long the store itself takes to keep a draft's piece, as long before and after it, in this process: ${turns} drafts in the same rhythm.`,
  notMeasured:
    "TCP; what the model server and the viewer wait for one another in their one process, which is in the figures; other providers.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const rounds = isQuick ? 1 : 4;
    const commits: number[] = [];
    const live: number[] = [];
    const framed: number[] = [];
    const burst: number[] = [];
    for (let round = 0; round < rounds; round++) {
      commits.push(...(await draftCommits()));
      live.push(...(await latencies(bench, 0, apart)));
      framed.push(...(await latencies(bench, 16, apart)));
      burst.push(...(await latencies(bench, 16, 0)));
      commits.push(...(await draftCommits()));
    }
    const commit = quantile(commits, 0.5);
    const baseline = (share: number) => withUnit(quantile(commits, share), "ms");
    const figure = (name: string, values: readonly number[], share: number) => ({
      name,
      value: withUnit(quantile(values, share), "ms"),
      baseline: baseline(share),
    });
    return [
      judged("min_frame 0, p50; at most a draft's commit and 1 ms", {
        ...{ value: quantile(live, 0.5), most: commit + 1, unit: "ms", baseline: baseline(0.5) },
      }),
      figure("min_frame 0, p99", live, 0.99),
      figure("min_frame 16 ms, p50", framed, 0.5),
      judged("min_frame 16 ms, p99", {
        ...{ value: quantile(framed, 0.99), most: 20, unit: "ms", baseline: baseline(0.99) },
      }),
      figure("min_frame 16 ms, all started in one instant, p99", burst, 0.99),
    ];
  },
};

/** What each piece of all turns took, the warm-up turns aside. */
async function latencies(bench: BenchContext["package"], minFrame: number, between: number) {
  const sent = new Map<string, number>();
  let begun = 0;
  const model = await startModelServer(async (speaker) => {
    const turn = begun++;
    const began = performance.now() + (turn % turns) * (pace / turns);
    for (let piece = 0; piece < pieces; piece++) {
      await sleep(Math.max(0, began + piece * pace - performance.now()));
      sent.set(`${turn}.${piece}`, performance.now());
      speaker.say(`${turn}.${piece} `);
    }
    speaker.end();
  });
  const daemon = await startDaemon(bench, { environment: model.environment });
  const client = dial(daemon.socket);
  const seen = new Map<string, number>();
  const viewer = openViewer(dial(daemon.socket), (response) => note(response, seen), minFrame);
  const sessions = await Promise.all(
    Array.from({ length: turns }, () => newSession(client, model.model, daemon.home)),
  );
  const takeTurns = () =>
    Promise.all(
      sessions.map(async (session, turn) => {
        await sleep(turn * between);
        await viewer.turn(session, "count");
      }),
    );
  await takeTurns(); // warms it up
  sent.clear();
  seen.clear();
  await takeTurns();
  viewer.leave();
  client.close();
  await daemon.stop();
  model.close();
  return [...sent].map(([piece, at]) => {
    const end = seen.get(piece);
    if (end === undefined) throw new Error(`piece ${piece} was never told`);
    return end - at;
  });
}

/** A piece may come as a delta, or with the whole message when it is the last. */
function note({ deltas, events }: WatchResponse, seen: Map<string, number>): void {
  const now = performance.now();
  const take = (text: string) => {
    for (const piece of text.trim().split(" ")) if (!seen.has(piece)) seen.set(piece, now);
  };
  for (const { piece } of deltas) if (piece.case === "text") take(piece.value);
  for (const { body } of events) {
    if (body.case !== "messageCompleted") continue;
    for (const { kind } of body.value.message?.parts ?? []) {
      if (kind.case === "text") take(kind.value);
    }
  }
}

/** What the store takes to keep each piece of as many drafts, in the same rhythm. */
async function draftCommits(): Promise<readonly number[]> {
  const folder = temporaryFolder();
  const { events: store, blobs } = openSqliteStore(folder, {
    ...{ onFatal: fail, onCorrupt: fail, onStarved: fail },
  });
  const log = createLog({
    store,
    blobs,
    clock: systemClock,
    tailBytes: 65_536,
    draftTailBytes: 65_536,
  });
  const found: number[] = [];
  const write = async (turn: number) => {
    await log.append(firstAppend(`s${turn}`));
    const name = { draftId: `d${turn}`, sessionId: `s${turn}`, turnId: `t${turn}`, step: 1 };
    const draft = log.openDraft(name, { agent: "default", labels: {} });
    const start = performance.now() + turn * (pace / turns);
    for (let piece = 0; piece < pieces; piece++) {
      await sleep(Math.max(0, start + piece * pace - performance.now()));
      const began = performance.now();
      draft.write(0, `${turn}.${piece} `);
      await draft.flushed();
      found.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: turns }, (_, turn) => write(turn)));
  await store.close();
  rmSync(folder, { recursive: true });
  return found;
}

/** A draft's session has to be there. */
function firstAppend(sessionId: string): Append {
  const event = eventAt(sessionId, 1);
  const bytes = toBinary(EventSchema, event);
  return {
    ...{ sessionId, expectedSeq: 0, context: { agent: "default", labels: {} } },
    events: [{ seq: 1, kind: kindOf(event.body), time: 0, bytes }],
  };
}
