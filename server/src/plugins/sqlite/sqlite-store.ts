import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import {
  type Append,
  type EventStore,
  pageBytes,
  type StoredEvent,
} from "../../core/log/event-store.ts";
import type { RecordStore } from "../../core/log/record-store.ts";
import { createAppendWriter, hashOf } from "./append-writer.ts";
import { createCheckpointer } from "./checkpoint.ts";
import { createCommitLoop, type Job } from "./commit-loop.ts";
import { createEventReader } from "./event-reader.ts";
import { createPageQueue } from "./page-queue.ts";
import { isCorrupt, storeCorrupt } from "./sqlite-error.ts";
import { openWalSync } from "./wal-sync.ts";

/** What happens to a store that nobody asked about. */
export interface StoreReports {
  /** A write or a sync failed for good: the process must stop. */
  onFatal(error: unknown): void;
  /** A damaged page was met by a read. */
  onCorrupt(error: unknown): void;
  /** The write-ahead log cannot be emptied: some read is still open. */
  onStarved(frames: number): void;
}

/** What tests turn; a daemon leaves it alone. */
export interface StoreTuning {
  readonly openSync?: typeof openWalSync;
  /** Frames of the write-ahead log after which it is copied into the database. */
  readonly checkpointFrames?: number;
  readonly now?: () => number;
}

/** How the store's neighbours use its database. */
export interface SqliteAccess {
  /** Runs statements in the next group; resolves when they are synced. */
  write(statements: () => void): Promise<void>;
  /** Runs statements that read; a damaged page is reported, and refused as such. */
  read<T>(statements: () => T): T;
}

const busyDrafts = 32;
const busyDelay = 25;
const trimEvery = 16;
const vacuumPages = 256;
const vacuumEvery = 10;

/** The embedded store: events, drafts, heads and records in one SQLite file. */
export function createSqliteStore(
  db: DatabaseSync,
  path: string,
  reports: StoreReports,
  tuning: StoreTuning = {},
): EventStore & RecordStore & SqliteAccess {
  const logId = logIdOf(db);
  const reader = createEventReader(db);
  const writer = createAppendWriter(db, tuning.now ?? Date.now);
  const statements = {
    request: db.prepare(
      "SELECT hash, answer, before FROM request WHERE principal = ? AND method = ? AND id = ?",
    ),
    record: db.prepare("SELECT id, revision, value FROM record WHERE kind = ? AND id = ?"),
    records: db.prepare("SELECT id, revision, value FROM record WHERE kind = ? ORDER BY id"),
  };
  const freePages = db.prepare("PRAGMA freelist_count");
  const logPages = createPageQueue();
  /** Of its own, since a turn that begins reads its history here. */
  const sessionPages = createPageQueue();
  let head = reader.lastPosition();
  let settledDrafts = 0;
  let vacuuming: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  let listener: (events: readonly StoredEvent[]) => void = () => {};
  const loop = createCommitLoop({
    db,
    sync: (tuning.openSync ?? openWalSync)(db, path),
    draftDelay: () => (writer.openDraftCount() > busyDrafts ? busyDelay : 0),
    afterSync: () => checkpointer.check(),
    onRollback: () => writer.forget(),
    onFatal: reports.onFatal,
  });
  const checkpointer = createCheckpointer(db, {
    onStarved: reports.onStarved,
    tend: loop.tend,
    ...(tuning.checkpointFrames !== undefined && { frames: tuning.checkpointFrames }),
  });

  /** Adds a job that commits events and shows them once they are synced. */
  function commit(write: () => StoredEvent[], batch: Append): Promise<void> {
    const bytes = batch.events.reduce((sum, event) => sum + event.bytes.length, 0);
    return add({ events: batch.events.length, bytes, isDurable: true }, write, (stored) => {
      head = stored.at(-1)?.position ?? head;
      listener(stored);
    });
  }

  function add<T>(
    size: Pick<Job, "events" | "bytes" | "isDurable">,
    write: () => T,
    done: (result: T) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let result: T;
      loop.add({
        ...size,
        write: () => {
          result = write();
        },
        done() {
          done(result);
          resolve();
        },
        failed: reject,
      });
    });
  }

  /** Reads what was written, and answers once that is synced: never ahead of the head. */
  async function synced<T>(read: () => T): Promise<T> {
    const found = guard(read);
    await loop.synced();
    return found;
  }

  function guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      reports.onCorrupt(error);
      throw storeCorrupt(error);
    }
  }

  function trimSometimes(batch: Append): void {
    settledDrafts += batch.settles?.length ?? 0;
    if (settledDrafts < trimEvery) return;
    settledDrafts = 0;
    writer.trimDrafts();
  }

  /** Gives free pages back, a few at a time. */
  function vacuumSoon(): void {
    vacuuming ??= setTimeout(() => {
      vacuuming = undefined;
      if (loop.trouble() !== undefined) return;
      loop.tend(() => {
        db.exec(`PRAGMA incremental_vacuum(${vacuumPages})`);
        if (Number(freePages.get()?.["freelist_count"] ?? 0) > 0) vacuumSoon();
      });
    }, vacuumEvery).unref();
  }

  async function close(): Promise<void> {
    await loop.close();
    clearTimeout(vacuuming);
    try {
      checkpointer.close();
    } finally {
      db.close();
    }
  }

  return {
    logId,
    head: () => head,
    append: (batch) =>
      commit(() => {
        const stored = writer.append(batch);
        trimSometimes(batch);
        return stored;
      }, batch),
    onCommit(call) {
      listener = call;
    },
    readLog: (after, upTo, sessions, maxBytes = pageBytes) =>
      logPages(() => guard(() => reader.log(after, Math.min(upTo, head), maxBytes, sessions))),
    readSession: (sessionId, afterSeq, limit, maxBytes = pageBytes) =>
      sessionPages(() => guard(() => reader.session(sessionId, afterSeq, head, limit, maxBytes))),
    seqAt: async (sessionId, position) =>
      guard(() => reader.seqAt(sessionId, Math.min(position, head))),
    async sessionState(sessionId) {
      // Whoever follows drafts asks often, and must not wait for others' syncs.
      if (guard(() => reader.seqAt(sessionId, head)) > 0) return "live";
      return synced(() => reader.state(sessionId));
    },
    readHead: (sessionId) => synced(() => reader.head(sessionId)),
    listHeads: (before, limit) => synced(() => reader.heads(before, limit)),
    unfinished: () => synced(() => reader.unfinished()),
    idsLike: (prefix) => synced(() => reader.idsLike(prefix)),
    async deleteSession(sessionId, announcement) {
      await commit(() => {
        const stored = writer.append(announcement); // first, since it may be refused
        writer.deleteSession(sessionId);
        return stored;
      }, announcement);
      vacuumSoon();
    },
    appendDraft: (name, pieces) =>
      add(
        { events: 0, bytes: pieces.reduce((sum, p) => sum + p.bytes.length, 0), isDurable: false },
        () => writer.appendDraft(name, pieces),
        () => {},
      ),
    openDrafts: async (sessionId) => guard(() => reader.openDrafts(sessionId)),
    readDraft: (draftId, fromIndex, after) =>
      logPages(() => guard(() => reader.draft(draftId, fromIndex, after))),
    findRequest: (key, bytes) =>
      synced(() => {
        const row = statements.request.get(key.principal, key.method, key.id);
        return (
          row && {
            answer: toBytes(row["answer"]),
            before: Number(row["before"]),
            same: Buffer.compare(toBytes(row["hash"]), hashOf(bytes)) === 0,
          }
        );
      }),
    async settled() {
      await loop.settled();
      return head;
    },
    async size() {
      const sizes = await Promise.all(
        [path, `${path}-wal`].map((file) =>
          stat(file).then(
            ({ size }) => size,
            () => 0,
          ),
        ),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    trouble: () => loop.trouble(),
    close() {
      closing ??= close();
      return closing;
    },
    readRecord: (kind, id) =>
      synced(() => {
        const row = statements.record.get(kind, id);
        return row && toRecord(row);
      }),
    listRecords: (kind) => synced(() => statements.records.all(kind).map(toRecord)),
    write: (run) => add({ events: 1, bytes: 0, isDurable: true }, run, () => {}),
    read: guard,
  };
}

function logIdOf(db: DatabaseSync): string {
  const known = db.prepare("SELECT value FROM meta WHERE key = 'log_id'").get()?.["value"];
  if (typeof known === "string") return known;
  const minted = randomBytes(6).toString("hex");
  db.prepare("INSERT INTO meta(key, value) VALUES('log_id', ?)").run(minted);
  return minted;
}

function toRecord(row: Record<string, unknown>) {
  return { id: String(row["id"]), revision: Number(row["revision"]), value: toBytes(row["value"]) };
}

function toBytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}
