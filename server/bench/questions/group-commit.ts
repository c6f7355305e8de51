import { closeSync, fdatasync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@daphnia/protocol/event";
import { kindOf } from "../../src/core/log/event-bodies.ts";
import { createLog, type Log } from "../../src/core/log/log.ts";
import { systemClock } from "../../src/daemon/system.ts";
import { openSqliteStore } from "../../src/plugins/sqlite/open-store.ts";
import { fail } from "../fail.ts";
import { eventAt } from "../large-home.ts";
import { type BenchContext, type Figure, type Question, withUnit } from "../question.ts";
import { temporaryFolder } from "../server-process.ts";
import { interleave, median, quantile } from "../statistics.ts";

const crowds = [1, 64] as const;
const sync = promisify(fdatasync);

export const groupCommit: Question = {
  name: "group commit",
  asks: "How many events a second are committed and synced, and how long does each writer wait?",
  method:
    "The log over the real store, in this process, with nobody who reads. Each writer has a session of its own and appends one event after the other, each when the one before is synced. Baseline: as many bytes written to a file and synced, one after the other, on the same disk. Medians of several rounds.",
  notMeasured: "A daemon's other work on the same loop; larger events; a full or slow disk.",
  async answer({ isQuick }: BenchContext) {
    const figures: Figure[] = [];
    for (const writers of crowds) figures.push(...(await measure(writers, isQuick)));
    return figures;
  },
};

async function measure(writers: number, isQuick: boolean): Promise<readonly Figure[]> {
  const folder = temporaryFolder();
  const reports = { onFatal: fail, onCorrupt: fail, onStarved: fail };
  const { events: store, blobs } = openSqliteStore(folder, reports);
  const log = createLog({
    ...{ store, blobs, clock: systemClock, tailBytes: 2 ** 21, draftTailBytes: 2 ** 18 },
  });
  const plain = openSync(join(folder, "plain"), "w");
  const seqs = Array.from({ length: writers }, () => 0);
  const share = Math.ceil((isQuick ? 320 : 6400) / (writers === 1 ? 4 : writers));
  const found = await interleave(isQuick ? 1 : 5, {
    plain: () => timed(1, share, () => writePlain(plain)),
    log: () => timed(writers, share, (writer) => appendOne(log, seqs, writer)),
  });
  await store.close();
  closeSync(plain);
  rmSync(folder, { recursive: true });
  const who = writers === 1 ? "1 writer" : `${writers} writers`;
  const line = (name: string, of: (round: Round) => number, unit: string): Figure => ({
    name: `${who}: ${name}`,
    value: withUnit(median(found.log.map(of)), unit),
    baseline: withUnit(median(found.plain.map(of)), unit),
  });
  return [
    line("events", ({ rate }) => rate, "/s"),
    line("an append, p50", ({ waits }) => quantile(waits, 0.5), "ms"),
    line("an append, p99", ({ waits }) => quantile(waits, 0.99), "ms"),
  ];
}

interface Round {
  readonly rate: number;
  /** Milliseconds of each write. */
  readonly waits: readonly number[];
}

async function timed(
  writers: number,
  share: number,
  write: (writer: number) => Promise<unknown>,
): Promise<Round> {
  const waits: number[] = [];
  const began = performance.now();
  const writeAll = async (writer: number) => {
    for (let i = 0; i < share; i++) {
      const start = performance.now();
      await write(writer);
      waits.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => writeAll(writer)));
  return { rate: (writers * share * 1000) / (performance.now() - began), waits };
}

async function appendOne(log: Log, seqs: number[], writer: number): Promise<void> {
  const sessionId = `session-${writer}`;
  const expectedSeq = seqs[writer] ?? 0;
  seqs[writer] = expectedSeq + 1;
  const event = eventAt(sessionId, expectedSeq + 1);
  const bytes = toBinary(EventSchema, event);
  await log.append({
    ...{ sessionId, expectedSeq, context: { agent: "default", labels: {} } },
    events: [{ seq: expectedSeq + 1, kind: kindOf(event.body), time: 0, bytes }],
  });
}

const plainBytes = toBinary(EventSchema, eventAt("session-0", 2));

async function writePlain(file: number): Promise<void> {
  writeSync(file, plainBytes);
  await sync(file);
}
