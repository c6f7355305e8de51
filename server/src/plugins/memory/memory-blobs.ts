import { createHash } from "node:crypto";
import { invalidField } from "../../base/errors.ts";
import { idRule, isId } from "../../base/ids.ts";
import type { BlobStore, PreparedBlob } from "../../core/log/blob-store.ts";

/** Blobs in memory, and which sessions name them. */
export interface MemoryBlobs {
  readonly store: BlobStore;
  /** A session's event names these. */
  name(sessionId: string, named: readonly PreparedBlob[]): void;
  /** A deleted session names nothing. */
  forget(sessionId: string): void;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly sessions: Set<string>;
  /** When it was last promised to somebody, or lost a name. */
  time: number;
  /** False while it was only prepared. */
  isVisible: boolean;
}

interface Output {
  pieces: Uint8Array[];
  time: number;
}

const day = 24 * 60 * 60 * 1000;

export function createMemoryBlobs(now: () => number): MemoryBlobs {
  const blobs = new Map<string, Kept>();
  const uploads = new Map<string, Uint8Array>();
  const outputs = new Map<string, Output>();
  const finished = new Map<string, { digest: string; size: number; time: number }>();

  function keep(digest: string, bytes: Uint8Array, isVisible: boolean): Kept {
    const known = blobs.get(digest);
    const kept = known ?? { bytes, sessions: new Set<string>(), time: 0, isVisible };
    kept.time = now();
    kept.isVisible ||= isVisible;
    blobs.set(digest, kept);
    return kept;
  }

  function finishOutput({ pieces }: Output): PreparedBlob {
    const bytes = Uint8Array.from(Buffer.concat(pieces));
    const digest = digestOf(bytes);
    keep(digest, bytes, false);
    return { digest, size: bytes.length };
  }

  const store: BlobStore = {
    openOutput(callId) {
      const output: Output = { pieces: [], time: now() };
      outputs.set(callId, output);
      let isFinished = false;
      return {
        async append(bytes) {
          if (isFinished) throw new Error("this output is finished");
          output.pieces.push(bytes.slice());
          output.time = now();
        },
        async finish() {
          isFinished = true;
          return finishOutput(output);
        },
      };
    },
    async readOutput(callId, offset, limit) {
      const found = outputs.get(callId);
      if (found === undefined || found.pieces.length === 0) return undefined;
      const bytes = Uint8Array.from(Buffer.concat(found.pieces));
      return { bytes: bytes.slice(offset, offset + limit), size: bytes.length };
    },
    async leftOutput(callId) {
      const found = outputs.get(callId);
      return found && found.pieces.length > 0 ? finishOutput(found) : undefined;
    },
    async dropOutput(callId) {
      outputs.delete(callId);
    },
    async prepare(bytes) {
      const digest = digestOf(bytes);
      keep(digest, bytes, false);
      return { digest, size: bytes.length };
    },
    async read(digest, offset, limit) {
      const found = blobs.get(digest);
      if (!found?.isVisible) return undefined;
      return { bytes: found.bytes.slice(offset, offset + limit), size: found.bytes.length };
    },
    async upload(uploadId, offset, bytes, last) {
      if (!isId(uploadId)) throw invalidField("upload_id", `must be ${idRule}`);
      const done = finished.get(uploadId);
      if (done !== undefined) return { size: done.size, digest: done.digest };
      const held = uploads.get(uploadId) ?? new Uint8Array();
      if (offset > held.length) {
        throw invalidField("offset", `must be at most ${held.length}: pieces follow each other`);
      }
      const end = offset + bytes.length;
      const whole = new Uint8Array(last ? end : Math.max(held.length, end));
      whole.set(held.subarray(0, whole.length));
      whole.set(bytes, offset);
      uploads.set(uploadId, whole);
      if (!last) return { size: whole.length };
      const digest = digestOf(whole);
      uploads.delete(uploadId);
      finished.set(uploadId, { digest, size: whole.length, time: now() });
      keep(digest, whole, true);
      return { size: whole.length, digest };
    },
    async sweep() {
      const old = now() - day;
      const gone = [...blobs].filter(([, { sessions, time }]) => sessions.size === 0 && time < old);
      for (const [digest] of gone) blobs.delete(digest);
      for (const [uploadId, { time }] of finished) if (time < old) finished.delete(uploadId);
      return gone.length;
    },
  };

  return {
    store,
    name(sessionId, named) {
      for (const { digest, bytes } of named) {
        keep(digest, bytes ?? new Uint8Array(), true).sessions.add(sessionId);
      }
    },
    forget(sessionId) {
      for (const kept of blobs.values()) {
        if (kept.sessions.delete(sessionId)) kept.time = now();
      }
    },
  };
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
