import { create, toBinary } from "@bufbuild/protobuf";
import { PartKind, PartStartSchema } from "@daphnia/protocol/event";
import type { Clock } from "../../base/clock.ts";
import type { BlobStore, PreparedBlob } from "./blob-store.ts";
import { deltaBytes } from "./deltas.ts";
import type { Shown } from "./draft.ts";
import { createDraftTail } from "./draft-tail.ts";
import type { Context, DraftName, StoredPiece } from "./event-store.ts";
import { createOutputCadence } from "./output-cadence.ts";

/** Bytes that may wait for the file before whoever prints has to wait too; the most of one write. */
const mostWaiting = 256 * 1024;

/** A call that prints; its id is the draft's. */
export interface OutputName extends DraftName {
  readonly tool: string;
}

/**
 * What a call prints while it runs. Its bytes go to a file of the blob store, never
 * to the draft table: however much it is, the database does not grow.
 *
 * D1 holds as for drafts: readers are told what the file took.
 */
export interface Output {
  /**
   * Takes a copy; resolves when more may come. Rejects where the file could not take
   * it; the bytes are kept and tried again. After `close()` it does nothing: the call
   * has its answer.
   */
  print(bytes: Uint8Array): Promise<void>;
  /** All of it, to be named by the event that settles it. May be called again where it rejects. */
  close(): Promise<{ readonly blob: PreparedBlob | undefined; readonly cadence: Uint8Array }>;
}

export function createOutput(
  { tool, ...name }: OutputName,
  context: Context,
  deps: { blobs: BlobStore; clock: Clock; tailBytes: number; onShown: () => void },
): Output & Shown {
  const { clock } = deps;
  const file = deps.blobs.openOutput(name.draftId);
  const tail = createDraftTail(deps.tailBytes);
  const cadence = createOutputCadence(clock.monotonic());
  const start = startOf(name.draftId, tool);
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let total = 0;
  let count = 1;
  let isClosed = false;
  let flushing: Promise<void> | undefined;
  /** Those who wait until there is room. */
  let room = Promise.withResolvers<void>();

  function show(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += deltaBytes) {
      // A copy of its own: a view would hold the whole write in memory.
      const piece = bytes.slice(from, from + deltaBytes);
      tail.push({ ...start, index: count++, offset: total, total, isStart: false, bytes: piece });
      total += piece.length;
    }
    deps.onShown();
  }

  /** What waits, up to the most of one write; the rest goes on waiting. */
  function take(): Uint8Array {
    const bytes = new Uint8Array(Math.min(waitingBytes, mostWaiting));
    let at = 0;
    let taken = 0;
    for (const piece of waiting) {
      const part = piece.subarray(0, bytes.length - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length < piece.length) {
        waiting[taken] = piece.subarray(part.length);
        break;
      }
      taken++;
    }
    waiting = waiting.slice(taken);
    return bytes;
  }

  async function flush(): Promise<void> {
    try {
      await Promise.resolve(); // what is printed in one go is kept in one go
      while (waiting.length > 0) {
        const bytes = take();
        try {
          await file.append(bytes);
        } catch (error) {
          waiting.unshift(bytes); // nothing of it was kept: it is tried again
          throw error;
        }
        waitingBytes -= bytes.length;
        show(bytes);
        giveRoom();
      }
    } finally {
      flushing = undefined; // in the same breath as the last look at what waits
    }
  }

  function giveRoom(): void {
    if (waitingBytes > mostWaiting) return;
    room.resolve();
    room = Promise.withResolvers();
  }

  function flushed(): Promise<void> {
    if (waiting.length > 0) flushing ??= flush();
    return flushing ?? Promise.resolve();
  }

  return {
    ...name,
    ...context,
    tail,
    outputStart: start,
    flushed,
    async print(bytes) {
      if (isClosed || bytes.length === 0) return;
      if (total === 0 && tail.end() === 0) tail.push(start);
      waiting.push(bytes.slice());
      waitingBytes += bytes.length;
      cadence.beat(bytes.length, clock.monotonic());
      const kept = flushed();
      if (waitingBytes > mostWaiting) return Promise.race([kept, room.promise]);
      kept.catch(() => {}); // whoever prints next, or closes, tries again and hears of it
    },
    async close() {
      isClosed = true;
      await flushed();
      if (total === 0) return { blob: undefined, cadence: new Uint8Array() };
      return { blob: await file.finish(), cadence: cadence.packed() };
    },
  };
}

function startOf(callId: string, tool: string): StoredPiece {
  const start = create(PartStartSchema, { kind: PartKind.OUTPUT, callId, tool });
  const bytes = toBinary(PartStartSchema, start);
  return { index: 0, part: 0, offset: 0, total: 0, delay: 0, isStart: true, bytes };
}
