import { DaemonError, notFound, wrongState } from "../../base/errors.ts";
import type { BlobStore } from "../../core/log/blob-store.ts";
import {
  type AnsweredRequest,
  type Append,
  type DraftName,
  type EventStore,
  type HeadRow,
  pageBytes,
  type StoredEvent,
  type StoredPiece,
} from "../../core/log/event-store.ts";
import type { RecordStore, StoredRecord } from "../../core/log/record-store.ts";
import { createMemoryBlobs } from "./memory-blobs.ts";

/** A home's store that is gone when the process is. */
export interface MemoryStore {
  readonly events: EventStore;
  readonly records: RecordStore;
  readonly blobs: BlobStore;
}

interface SessionRow {
  /** Order of creation, from 1. */
  readonly place: number;
  events: StoredEvent[];
  head: HeadRow | undefined;
  isDeleted: boolean;
}

interface DraftRow {
  readonly name: DraftName;
  readonly pieces: StoredPiece[];
}

/** Positions looked at, and pieces read, for one page: small, so that tests turn pages. */
const pageRows = 256;

/**
 * Everything in maps. What is written is visible at once, so each write happens in
 * one breath: apply, tell, resolve.
 */
export function openMemoryStore(now: () => number = Date.now): MemoryStore {
  const sessions = new Map<string, SessionRow>();
  const drafts = new Map<string, DraftRow>();
  const requests = new Map<string, AnsweredRequest & { before: number }>();
  const records = new Map<string, Map<string, StoredRecord>>();
  const blobs = createMemoryBlobs(now);
  let log: StoredEvent[] = [];
  let head = 0;
  let isClosed = false;
  let last: Promise<void> = Promise.resolve();
  let listener: (events: readonly StoredEvent[]) => void = () => {};

  const live = (sessionId: string) => {
    const row = sessions.get(sessionId);
    return row?.isDeleted ? undefined : row;
  };

  function sessionFor({ sessionId, expectedSeq }: Append): SessionRow {
    const known = sessions.get(sessionId);
    if (known?.isDeleted) throw notFound("session", sessionId);
    const row = known ?? {
      place: sessions.size + 1,
      events: [],
      head: undefined,
      isDeleted: false,
    };
    const seq = row.events.at(-1)?.seq ?? 0;
    if (seq !== expectedSeq) {
      throw new DaemonError("aborted", `last seq of "${sessionId}" is ${seq}, not ${expectedSeq}`, {
        reason: "WRONG_STATE",
      });
    }
    sessions.set(sessionId, row);
    return row;
  }

  function apply(batch: Append): StoredEvent[] {
    const row = sessionFor(batch);
    const { sessionId, context, settles = [], request } = batch;
    if (request) requests.set(keyOf(request), { ...request, before: head });
    const stored = batch.events.map(
      ({ seq, kind, bytes }): StoredEvent => ({
        ...context,
        position: ++head,
        sessionId,
        seq,
        kind,
        bytes,
      }),
    );
    row.events.push(...stored);
    log.push(...stored);
    row.head = batch.head ?? row.head;
    for (const draftId of settles) drafts.delete(draftId);
    blobs.name(sessionId, batch.blobs ?? []);
    applyRecords(batch);
    return stored;
  }

  function applyRecords({ records: changes = [] }: Append): void {
    for (const { kind, id, revision, value } of changes) {
      const ofKind = records.get(kind) ?? new Map<string, StoredRecord>();
      records.set(kind, ofKind);
      if (value === undefined) ofKind.delete(id);
      else ofKind.set(id, { id, revision, value });
    }
  }

  /** Writes after the caller's turn, as a store that syncs does. */
  function commit(write: () => StoredEvent[]): Promise<void> {
    const result = Promise.resolve().then(() => {
      if (isClosed) throw new Error("the store is closed");
      listener(write());
    });
    last = result.catch(() => {}); // the writer has the error
    return result;
  }

  const events: EventStore = {
    logId: "memory000000",
    head: () => head,
    append: (batch) => commit(() => apply(batch)),
    onCommit(call) {
      listener = call;
    },
    async readLog(after, upTo, wanted, maxBytes = pageBytes) {
      const end = Math.min(upTo, head, after + pageRows);
      const found = log.filter(
        ({ position, sessionId }) =>
          position > after && position <= end && (wanted?.includes(sessionId) ?? true),
      );
      const page = upToBytes(found, maxBytes);
      const isWhole = page.length === found.length;
      return { events: page, reached: isWhole ? end : (page.at(-1)?.position ?? end) };
    },
    async readSession(sessionId, afterSeq, limit, maxBytes = pageBytes) {
      const found = live(sessionId)?.events ?? [];
      return upToBytes(found.filter(({ seq }) => seq > afterSeq).slice(0, limit), maxBytes);
    },
    async seqAt(sessionId, position) {
      const before = live(sessionId)?.events.filter((event) => event.position <= position);
      return before?.at(-1)?.seq ?? 0;
    },
    async sessionState(sessionId) {
      const row = sessions.get(sessionId);
      if (row === undefined) return "unknown";
      return row.isDeleted ? "deleted" : "live";
    },
    readHead: async (sessionId) => live(sessionId)?.head?.value,
    async listHeads(before, limit) {
      return [...sessions.values()]
        .flatMap(({ place, head: row }) => (row ? [{ place, value: row.value }] : []))
        .filter(({ place }) => place < before)
        .reverse()
        .slice(0, limit);
    },
    async unfinished() {
      return [...sessions].filter(([, row]) => row.head?.unfinished).map(([id]) => id);
    },
    async idsLike(prefix) {
      const ids = [...sessions.keys()].filter((id) => id.startsWith(prefix) && live(id));
      return ids.sort().slice(0, 20);
    },
    deleteSession: (sessionId, announcement) =>
      commit(() => {
        const stored = apply(announcement); // first, since it may be refused
        const row = sessions.get(sessionId);
        if (row !== undefined) Object.assign(row, { events: [], head: undefined, isDeleted: true });
        log = log.filter((event) => event.sessionId !== sessionId);
        for (const [draftId, { name }] of drafts) {
          if (name.sessionId === sessionId) drafts.delete(draftId);
        }
        blobs.forget(sessionId);
        return stored;
      }),
    async appendDraft(name, pieces) {
      await Promise.resolve();
      if (live(name.sessionId) === undefined) throw notFound("session", name.sessionId);
      const draft = drafts.get(name.draftId) ?? { name, pieces: [] };
      if (draft.pieces.length === 0 && pieces[0]?.index !== 0) {
        throw wrongState(`draft "${name.draftId}" is not open`);
      }
      drafts.set(name.draftId, draft);
      draft.pieces.push(...pieces);
    },
    async openDrafts(sessionId) {
      const names = [...drafts.values()].map(({ name }) => name);
      return names.filter((name) => name.sessionId === sessionId).map(toName);
    },
    async readDraft(draftId, fromIndex, after) {
      const first = Math.max(fromIndex, after);
      const pieces = drafts.get(draftId)?.pieces.slice(first, first + pageRows) ?? [];
      return { pieces, next: pieces.length === 0 ? after : first + pieces.length };
    },
    async findRequest(key, bytes) {
      const found = requests.get(keyOf(key));
      if (found === undefined) return undefined;
      const { answer, before } = found;
      return { answer, before, same: Buffer.compare(found.request, bytes) === 0 };
    },
    async settled() {
      await last;
      return head;
    },
    size: async () => log.reduce((sum, { bytes }) => sum + bytes.length, 0),
    trouble: () => undefined,
    async close() {
      isClosed = true;
    },
  };

  return {
    events,
    records: {
      readRecord: async (kind, id) => records.get(kind)?.get(id),
      async listRecords(kind) {
        const found = [...(records.get(kind)?.values() ?? [])];
        return found.sort((a, b) => (a.id < b.id ? -1 : 1));
      },
    },
    blobs: blobs.store,
  };
}

function keyOf({ principal, method, id }: { principal: string; method: string; id: string }) {
  return JSON.stringify([principal, method, id]);
}

/** Only what the name says: a draft in memory is more than its name. */
function toName({ draftId, sessionId, turnId, step }: DraftName): DraftName {
  return { draftId, sessionId, turnId, step };
}

/** The first events that hold as many bytes together; at least one. */
function upToBytes(events: readonly StoredEvent[], maxBytes: number): readonly StoredEvent[] {
  let bytes = 0;
  const cut = events.findIndex((event, i) => {
    bytes += event.bytes.length;
    return i > 0 && bytes > maxBytes;
  });
  return cut < 0 ? events : events.slice(0, cut);
}
