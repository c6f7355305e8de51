import { rmSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@daphnia/protocol/event";
import { Bench } from "tinybench";
import { kindOf } from "../../src/core/log/event-bodies.ts";
import type { NewEvent } from "../../src/core/log/event-store.ts";
import { follow } from "../../src/core/log/follow.ts";
import { createLog, type Log } from "../../src/core/log/log.ts";
import { everything } from "../../src/core/log/selection.ts";
import { createHistory } from "../../src/core/session/history.ts";
import { systemClock } from "../../src/daemon/system.ts";
import { openSqliteStore } from "../../src/plugins/sqlite/open-store.ts";
import { fail } from "../fail.ts";
import { eventAt } from "../large-home.ts";
import { type BenchContext, type Question, withUnit } from "../question.ts";
import { temporaryFolder } from "../server-process.ts";

const batch = 256;
const isAsync = { async: true };

export const parts: Question = {
  name: "parts",
  asks: "What do the log's own parts cost?",
  method: `tinybench, medians, in this process; the log over the real store with its synced commits. Batches and histories are of ${batch} events.`,
  notMeasured: "Other work on the same loop; an event larger than a few hundred bytes.",
  async answer({ isQuick }: BenchContext) {
    const folder = temporaryFolder();
    const reports = { onFatal: fail, onCorrupt: fail, onStarved: fail };
    const { events: store, blobs } = openSqliteStore(folder, reports);
    const mebibyte = 1024 * 1024;
    const log = createLog({
      store,
      blobs,
      clock: systemClock,
      tailBytes: 8 * mebibyte,
      draftTailBytes: mebibyte,
    });
    const commit = createWriter(log, "written");
    await createWriter(log, "followed")(batch);
    const end = log.head();
    const events = Array.from({ length: batch }, (_, i) => encoded("read", i + 1).bytes);
    const bench = new Bench({ time: isQuick ? 100 : 1500, warmupTime: 200 })
      .add("encode an event", () => void encoded("encoded", 2))
      .add(`decode and fold a history of ${batch} events`, () => {
        const history = createHistory();
        for (const bytes of events) history.apply(fromBinary(EventSchema, bytes));
      })
      .add(`follow one batch of ${batch} events`, () => followTo(log, end), isAsync)
      .add("commit an event, synced", () => commit(1), isAsync)
      .add(`commit ${batch} events at once, synced`, () => commit(batch), isAsync);
    await bench.run();
    await store.close();
    rmSync(folder, { recursive: true });
    return bench.tasks.map(({ name, result }) => {
      if ("error" in result) throw new Error(`${name} failed`, { cause: result.error });
      if (!("latency" in result)) throw new Error(`${name} did not run`);
      return { name, value: withUnit(result.latency.p50 * 1000, "µs") };
    });
  },
};

function encoded(sessionId: string, seq: number): NewEvent {
  const event = eventAt(sessionId, seq);
  return { seq, kind: kindOf(event.body), time: 0, bytes: toBinary(EventSchema, event) };
}

function createWriter(log: Log, sessionId: string): (count: number) => Promise<void> {
  let expectedSeq = 0;
  return async (count) => {
    const events = Array.from({ length: count }, (_, i) => encoded(sessionId, expectedSeq + i + 1));
    const context = { agent: "default", labels: {} };
    await log.append({ sessionId, expectedSeq, events, context });
    expectedSeq += count;
  };
}

/** Reads what a new follower of one session is told first. */
async function followTo(log: Log, end: number): Promise<void> {
  const options = {
    selection: { ...everything, sessions: ["followed"], deltas: false },
    ...{ after: end - batch, drafts: new Map<string, number>(), minFrame: 0 },
    ...{ heartbeat: 20_000, maxBatchBytes: 1024 * 1024, untilCaughtUp: false },
  };
  const batches = follow(options, { log, clock: systemClock }, new AbortController().signal);
  const { value } = await batches.next();
  if (value?.entries.length !== batch) throw new Error(`${value?.entries.length} events`);
  await batches.return(undefined);
}
