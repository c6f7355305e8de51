import { create, toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@daphnia/protocol/event";
import type { Bells } from "../../../base/bells.ts";
import { createMemoryBlobs } from "../../../plugins/memory/memory-blobs.ts";
import type { BlobStore } from "../blob-store.ts";
import { kindOfName } from "../event-bodies.ts";
import type { Append, EventStore } from "../event-store.ts";
import { createLog, type Log } from "../log.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";

const turnStarted = kindOfName("turn_started") ?? 0;

/** A log to try, and what it is made of. */
export interface LogBench {
  readonly log: Log;
  readonly clock: ManualClock;
  /** Ears that listen now. */
  listening(): number;
  /** How often ears were woken in all. */
  wakes(): number;
  /** Commits the next events of a session. */
  commit(sessionId: string, count?: number, more?: Partial<Append>): Promise<void>;
}

export function createLogBench(
  store: EventStore,
  sizes: { tailBytes?: number; draftTailBytes?: number; blobs?: BlobStore } = {},
): LogBench {
  const clock = createManualClock();
  const { tailBytes = 1_000_000, draftTailBytes = 1_000_000 } = sizes;
  const blobs = sizes.blobs ?? createMemoryBlobs(() => clock.now().getTime()).store;
  const log = createLog({ store, blobs, clock, tailBytes, draftTailBytes });
  const ears = watchBells(log.bells);
  const seqs = new Map<string, number>();
  return {
    log: { ...log, bells: ears.bells },
    clock,
    listening: ears.listening,
    wakes: ears.wakes,
    async commit(sessionId, count = 1, more = {}) {
      const expectedSeq = seqs.get(sessionId) ?? 0;
      seqs.set(sessionId, expectedSeq + count);
      await log.append({ ...turnsOf(sessionId, expectedSeq, count), ...more });
    },
  };
}

/** Events that can be decoded: turns that start. */
export function turnsOf(sessionId: string, expectedSeq: number, count: number): Append {
  const events = Array.from({ length: count }, (_, i) => {
    const seq = expectedSeq + i + 1;
    const event = create(EventSchema, {
      seq: BigInt(seq),
      sessionId,
      turnId: `turn-${seq}`,
      principal: { id: seq % 2 === 0 ? "even" : "odd" },
      body: { case: "turnStarted", value: { model: "scripted/one" } },
    });
    return { seq, kind: turnStarted, time: seq, bytes: toBinary(EventSchema, event) };
  });
  return { sessionId, expectedSeq, events, context: { agent: "coder", labels: {} } };
}

function watchBells(bells: Bells) {
  let listening = 0;
  let wakes = 0;
  const watched: Bells = {
    ring: bells.ring,
    listen(keys, signal) {
      const ear = bells.listen(keys, signal);
      listening++;
      return {
        clear: ear.clear,
        async wait(ms) {
          const before = ear.wakes;
          await ear.wait(ms);
          wakes += ear.wakes - before;
        },
        get rung() {
          return ear.rung;
        },
        get wakes() {
          return ear.wakes;
        },
        close() {
          listening--;
          ear.close();
        },
      };
    },
  };
  return { bells: watched, listening: () => listening, wakes: () => wakes };
}
