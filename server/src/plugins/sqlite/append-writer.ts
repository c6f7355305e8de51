import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { DaemonError, notFound, wrongState } from "../../base/errors.ts";
import type { PreparedBlob } from "../../core/log/blob-store.ts";
import type {
  AnsweredRequest,
  Append,
  DraftName,
  RecordChange,
  StoredEvent,
  StoredPiece,
} from "../../core/log/event-store.ts";

/** The statements that write. Each call runs inside the caller's transaction. */
export interface AppendWriter {
  append(batch: Append): StoredEvent[];
  /** Refuses pieces of a draft that was settled, or that does not begin with them. */
  appendDraft(name: DraftName, pieces: readonly StoredPiece[]): void;
  /** Removes all of a session but its row; its blobs have a day from now. */
  deleteSession(sessionId: string): void;
  /** Removes draft rows that no open draft needs. */
  trimDrafts(): void;
  openDraftCount(): number;
  /** Reads again what it remembers, after a transaction was rolled back. */
  forget(): void;
}

export function createAppendWriter(db: DatabaseSync, now: () => number): AppendWriter {
  const last = db.prepare("SELECT coalesce(max(pos), 0) AS pos FROM event");
  const session = db.prepare("SELECT n, context, deleted FROM session WHERE id = ?");
  const newSession = db.prepare("INSERT INTO session(id) VALUES(?)");
  const lastSeq = db.prepare("SELECT max(seq) AS seq FROM event WHERE session = ?");
  const context = db.prepare("SELECT agent, labels FROM context WHERE n = ?");
  const newContext = db.prepare("INSERT INTO context(agent, labels) VALUES(?, ?)");
  const useContext = db.prepare("UPDATE session SET context = ? WHERE n = ?");
  const event = db.prepare(
    "INSERT INTO event(session, seq, context, kind, time, digest, body) VALUES(?, ?, ?, ?, ?, ?, ?)",
  );
  const head = db.prepare(
    "INSERT OR REPLACE INTO head(session, unfinished, value) VALUES(?, ?, ?)",
  );
  const blob = db.prepare(
    "INSERT INTO blob(digest, size, time, bytes) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time",
  );
  const blobUse = db.prepare("INSERT OR IGNORE INTO blob_use(digest, session) VALUES(?, ?)");
  const request = db.prepare(
    "INSERT OR REPLACE INTO request(principal, method, id, hash, answer, before, time) VALUES(?, ?, ?, ?, ?, ?, ?)",
  );
  const record = db.prepare(
    "INSERT OR REPLACE INTO record(kind, id, revision, value) VALUES(?, ?, ?, ?)",
  );
  const dropRecord = db.prepare("DELETE FROM record WHERE kind = ? AND id = ?");
  const newDraft = db.prepare(
    "INSERT INTO open_draft(draft_id, session, turn, step) VALUES(?, ?, ?, ?)",
  );
  const piece = db.prepare(
    "INSERT INTO draft(draft, ordinal, part, off, total, delay, start, bytes) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const settle = db.prepare("DELETE FROM open_draft WHERE draft_id = ?");
  const openDrafts = db.prepare("SELECT n, draft_id FROM open_draft");
  const firstPiece = db.prepare("SELECT min(id) AS id FROM draft WHERE draft = ?");
  const trim = db.prepare("DELETE FROM draft WHERE id < ?");
  const lastPiece = db.prepare("SELECT max(id) AS id FROM draft");
  /** Open drafts by id: their number, and the row of their first piece. */
  const open = new Map<string, { n: number; first: number }>();
  remember();

  function remember(): void {
    open.clear();
    for (const row of openDrafts.all()) {
      const n = Number(row["n"]);
      const first = Number(firstPiece.get(n)?.["id"] ?? nextPiece());
      open.set(String(row["draft_id"]), { n, first });
    }
  }

  /** No piece has this row or a later one yet. */
  function nextPiece(): number {
    return Number(lastPiece.get()?.["id"] ?? 0) + 1;
  }

  function sessionFor(batch: Append): { n: number; context: number } {
    const row = session.get(batch.sessionId);
    if (row !== undefined && row["deleted"] !== 0) {
      throw new DaemonError("not_found", `session "${batch.sessionId}" was deleted`, {
        reason: "NOT_FOUND",
      });
    }
    const seq = row === undefined ? 0 : Number(lastSeq.get(Number(row["n"]))?.["seq"] ?? 0);
    if (seq !== batch.expectedSeq) {
      throw new DaemonError(
        "aborted",
        `session "${batch.sessionId}" has another writer: its last seq is ${seq}, not ${batch.expectedSeq}`,
        { reason: "WRONG_STATE" },
      );
    }
    if (row !== undefined) return { n: Number(row["n"]), context: Number(row["context"]) };
    return { n: Number(newSession.run(batch.sessionId).lastInsertRowid), context: 0 };
  }

  function contextFor(batch: Append, at: { n: number; context: number }): number {
    const labels = JSON.stringify(batch.context.labels);
    const known = context.get(at.context);
    if (known?.["agent"] === batch.context.agent && known["labels"] === labels) return at.context;
    const added = Number(newContext.run(batch.context.agent, labels).lastInsertRowid);
    useContext.run(added, at.n);
    return added;
  }

  const lastPosition = () => Number(last.get()?.["pos"]);

  function writeAlong(batch: Append, n: number, firstPosition: number): void {
    const { blobs = [], records = [], settles = [] } = batch;
    if (batch.head) head.run(n, batch.head.unfinished ? 1 : 0, batch.head.value);
    for (const named of blobs) writeBlob(named, n);
    for (const change of records) writeRecord(change);
    for (const draftId of settles) {
      settle.run(draftId);
      open.delete(draftId);
    }
    if (batch.request) writeRequest(batch.request, firstPosition - 1);
  }

  function writeRequest(answered: AnsweredRequest, before: number): void {
    const { principal, method, id, answer } = answered;
    request.run(principal, method, id, hashOf(answered.request), answer, before, now());
  }

  function writeBlob({ digest, size, bytes }: PreparedBlob, n: number): void {
    blob.run(digest, size, now(), bytes ?? null);
    blobUse.run(digest, n);
  }

  function writeRecord({ kind, id, revision, value }: RecordChange): void {
    if (value === undefined) dropRecord.run(kind, id);
    else record.run(kind, id, revision, value);
  }

  function openDraft(name: DraftName, pieces: readonly StoredPiece[]) {
    const row = session.get(name.sessionId);
    if (row === undefined || row["deleted"] !== 0) throw notFound("session", name.sessionId);
    if (pieces[0]?.index !== 0) throw wrongState(`draft "${name.draftId}" is not open`);
    const n = Number(
      newDraft.run(name.draftId, Number(row["n"]), name.turnId, name.step).lastInsertRowid,
    );
    const draft = { n, first: nextPiece() };
    open.set(name.draftId, draft);
    return draft;
  }

  function trimDrafts(): void {
    trim.run(Math.min(nextPiece(), ...[...open.values()].map(({ first }) => first)));
  }

  return {
    append(batch) {
      const at = sessionFor(batch);
      const contextN = contextFor(batch, at);
      const stored = batch.events.map((added): StoredEvent => {
        const digest = hashOf(added.bytes);
        const { lastInsertRowid } = event.run(
          at.n,
          added.seq,
          contextN,
          added.kind,
          added.time,
          digest,
          added.bytes,
        );
        return {
          ...batch.context,
          position: Number(lastInsertRowid),
          sessionId: batch.sessionId,
          seq: added.seq,
          kind: added.kind,
          bytes: added.bytes,
        };
      });
      writeAlong(batch, at.n, stored[0]?.position ?? lastPosition() + 1);
      return stored;
    },
    appendDraft(name, pieces) {
      const draft = open.get(name.draftId) ?? openDraft(name, pieces);
      for (const { index, part, offset, total, delay, isStart, bytes } of pieces) {
        piece.run(draft.n, index, part, offset, total, delay, isStart ? 1 : 0, bytes);
      }
    },
    deleteSession(sessionId) {
      const n = Number(session.get(sessionId)?.["n"] ?? 0);
      const mine = "(SELECT n FROM open_draft WHERE session = ?)";
      db.prepare(`DELETE FROM draft WHERE draft IN ${mine}`).run(n);
      db.prepare(
        "UPDATE blob SET time = ? WHERE digest IN (SELECT digest FROM blob_use WHERE session = ?)",
      ).run(now(), n);
      db.prepare(
        "DELETE FROM context WHERE n IN (SELECT DISTINCT context FROM event WHERE session = ?)",
      ).run(n);
      for (const table of ["event", "head", "blob_use", "open_draft"]) {
        db.prepare(`DELETE FROM ${table} WHERE session = ?`).run(n);
      }
      db.prepare("UPDATE session SET deleted = 1, context = 0 WHERE n = ?").run(n);
      remember();
      trimDrafts();
    },
    trimDrafts,
    openDraftCount: () => open.size,
    forget: remember,
  };
}

export function hashOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
