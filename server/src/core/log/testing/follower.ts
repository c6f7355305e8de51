import { setImmediate as tick } from "node:timers/promises";
import type { Delta } from "@daphnia/protocol/event";
import { follow } from "../follow.ts";
import type { Batch, FollowOptions } from "../follower.ts";
import { everything } from "../selection.ts";
import type { LogBench } from "./log-bench.ts";

/** Reads a log as a client does, as fast as it is told things. */
export interface Follower {
  readonly batches: readonly Batch[];
  /** `session/seq` of each event told. */
  events(): string[];
  deltas(): readonly Delta[];
  /** Resolves when it has nothing more to read without news. */
  quiet(): Promise<void>;
  /** Resolves when it ended; with what it threw. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

export const followAll: FollowOptions = {
  selection: everything,
  after: 0,
  drafts: new Map(),
  minFrame: 0,
  heartbeat: 1e9,
  maxBatchBytes: 64 * 1024,
  untilCaughtUp: false,
};

export function startFollower(bench: LogBench, options: Partial<FollowOptions> = {}): Follower {
  const batches: Batch[] = [];
  const stopping = new AbortController();
  async function run(): Promise<unknown> {
    try {
      const told = follow({ ...followAll, ...options }, bench, stopping.signal);
      for await (const batch of told) batches.push(batch);
      return undefined;
    } catch (error) {
      return error;
    }
  }
  const ended = run();
  return {
    batches,
    events: () =>
      batches.flatMap(({ entries }) => entries.map(({ sessionId, seq }) => `${sessionId}/${seq}`)),
    deltas: () => batches.flatMap(({ deltas }) => deltas),
    // The memory store answers within one turn of the event loop.
    quiet: () => tick(),
    ended,
    async stop() {
      stopping.abort(new Error("stopped"));
      await ended;
    },
  };
}

/** What a client makes of deltas. Throws where one leaves a hole or tells again. */
export function createAssembly(start: ReadonlyMap<string, string> = new Map()) {
  const parts = new Map(start);
  const lengthOf = (text: string) => new TextEncoder().encode(text).length;
  return {
    parts,
    add({ draftId, part, offset, piece }: Delta): void {
      if (piece.case !== "text") return;
      const key = `${draftId}/${part}`;
      const held = parts.get(key) ?? "";
      if (Number(offset) !== lengthOf(held)) {
        throw new Error(`${key}: told offset ${offset}, held ${lengthOf(held)} bytes`);
      }
      parts.set(key, held + piece.value);
    },
    /** Bytes of each draft, all parts together: what a client sends to resume. */
    held(): Map<string, number> {
      const sums = new Map<string, number>();
      for (const [key, text] of parts) {
        const draftId = key.split("/")[0] ?? "";
        sums.set(draftId, (sums.get(draftId) ?? 0) + lengthOf(text));
      }
      return sums;
    },
  };
}

/** Numbers that look random and are the same for the same seed. */
export function createDice(seed: number): (below: number) => number {
  let state = (seed * 7919 + 17) % 2_147_483_647;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
