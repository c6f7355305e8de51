import type { DatabaseSync } from "node:sqlite";
import type {
  DraftName,
  DraftPage,
  LogPage,
  StoredEvent,
  StoredPiece,
} from "../../core/log/event-store.ts";

/** The statements that read. Nothing of them stays open between two calls. */
export interface EventReader {
  log(
    after: number,
    upTo: number,
    maxBytes: number,
    sessions: readonly string[] | undefined,
  ): LogPage;
  session(
    sessionId: string,
    afterSeq: number,
    upTo: number,
    limit: number,
    maxBytes: number,
  ): StoredEvent[];
  seqAt(sessionId: string, position: number): number;
  state(sessionId: string): "live" | "deleted" | "unknown";
  head(sessionId: string): Uint8Array | undefined;
  heads(before: number, limit: number): { place: number; value: Uint8Array }[];
  unfinished(): string[];
  idsLike(prefix: string): string[];
  openDrafts(sessionId: string): DraftName[];
  draft(draftId: string, fromIndex: number, after: number): DraftPage;
  lastPosition(): number;
}

/** Positions looked at for one page: bounds what a filter that matches nothing costs. */
const span = 4096;
const pageRows = 256;
const draftRows = 256;

type Row = Record<string, unknown>;

export function createEventReader(db: DatabaseSync): EventReader {
  const inLog = "e.pos > ? AND e.pos <= ?";
  const inSome = `${inLog} AND +e.session IN (SELECT n FROM session WHERE id IN (SELECT value FROM json_each(?)))`;
  const inOne = "e.session = (SELECT n FROM session WHERE id = ?) AND e.seq > ? AND e.pos <= ?";
  const all = createPageReader(db, inLog, "e.pos");
  const some = createPageReader(db, inSome, "e.pos");
  const one = createPageReader(db, inOne, "e.seq");
  const seqAt = db.prepare(
    "SELECT seq FROM event WHERE session = (SELECT n FROM session WHERE id = ?) AND pos <= ? ORDER BY seq DESC LIMIT 1",
  );
  const state = db.prepare("SELECT deleted FROM session WHERE id = ?");
  const head = db.prepare(
    "SELECT value FROM head WHERE session = (SELECT n FROM session WHERE id = ?)",
  );
  const heads = db.prepare(
    "SELECT session AS place, value FROM head WHERE session < ? ORDER BY session DESC LIMIT ?",
  );
  const unfinished = db.prepare(
    "SELECT s.id FROM head h JOIN session s ON s.n = h.session WHERE h.unfinished = 1 ORDER BY h.session",
  );
  const like = db.prepare(
    "SELECT id FROM session WHERE deleted = 0 AND id >= ? AND id < ? ORDER BY id LIMIT 20",
  );
  const openDrafts = db.prepare(
    "SELECT o.draft_id, s.id, o.turn, o.step FROM open_draft o JOIN session s ON s.n = o.session WHERE s.id = ? ORDER BY o.n",
  );
  const draft = db.prepare(
    `SELECT id, ordinal, part, off, total, delay, start, bytes FROM draft
     WHERE draft = (SELECT n FROM open_draft WHERE draft_id = ?) AND id > ? AND ordinal >= ? ORDER BY id LIMIT ${draftRows}`,
  );
  const last = db.prepare("SELECT max(pos) AS pos FROM event");

  return {
    log(after, upTo, maxBytes, sessions) {
      const end = Math.min(upTo, after + span);
      const { events, isWhole } =
        sessions === undefined
          ? all([after, end], pageRows, maxBytes)
          : some([after, end, JSON.stringify(sessions)], pageRows, maxBytes);
      return { events, reached: isWhole ? end : (events.at(-1)?.position ?? end) };
    },
    session: (sessionId, afterSeq, upTo, limit, maxBytes) =>
      one([sessionId, afterSeq, upTo], limit, maxBytes).events,
    seqAt: (sessionId, position) => Number(seqAt.get(sessionId, position)?.["seq"] ?? 0),
    state(sessionId) {
      const row = state.get(sessionId);
      if (row === undefined) return "unknown";
      return row["deleted"] === 0 ? "live" : "deleted";
    },
    head: (sessionId) => bytesOf(head.get(sessionId)?.["value"]),
    heads: (before, limit) =>
      heads.all(before, limit).map((row) => ({
        place: Number(row["place"]),
        value: bytesOf(row["value"]) ?? new Uint8Array(),
      })),
    unfinished: () => unfinished.all().map((row) => String(row["id"])),
    idsLike: (prefix) => like.all(prefix, `${prefix}\u{10ffff}`).map((row) => String(row["id"])),
    openDrafts: (sessionId) =>
      openDrafts.all(sessionId).map((row) => ({
        draftId: String(row["draft_id"]),
        sessionId: String(row["id"]),
        turnId: String(row["turn"]),
        step: Number(row["step"]),
      })),
    draft(draftId, fromIndex, after) {
      const rows = draft.all(draftId, after, fromIndex);
      return { pieces: rows.map(toPiece), next: Number(rows.at(-1)?.["id"] ?? after) };
    },
    lastPosition: () => Number(last.get()?.["pos"] ?? 0),
  };
}

const columns =
  "e.pos, s.id, e.seq, e.kind, c.agent, c.labels, e.body FROM event e JOIN session s ON s.n = e.session JOIN context c ON c.n = e.context";

/** Reads pages of the events that a condition on `e` names, bounded in rows and bytes. */
function createPageReader(db: DatabaseSync, which: string, order: string) {
  // Sizes are read first, since SQLite knows them without reading the bodies.
  const sizes = db.prepare(
    `SELECT length(e.body) AS size FROM event e WHERE ${which} ORDER BY ${order} LIMIT ?`,
  );
  const rows = db.prepare(`SELECT ${columns} WHERE ${which} ORDER BY ${order} LIMIT ?`);
  return (values: readonly (string | number)[], limit: number, maxBytes: number) => {
    let count = 0;
    let bytes = 0;
    const found = sizes.all(...values, limit);
    for (const row of found) {
      bytes += Number(row["size"]);
      if (count > 0 && bytes > maxBytes) break;
      count++;
    }
    const isWhole = found.length < limit && count === found.length;
    return { events: count === 0 ? [] : rows.all(...values, count).map(toEvent), isWhole };
  };
}

function toEvent(row: Row): StoredEvent {
  return {
    position: Number(row["pos"]),
    sessionId: String(row["id"]),
    seq: Number(row["seq"]),
    kind: Number(row["kind"]),
    agent: String(row["agent"]),
    labels: JSON.parse(String(row["labels"])),
    bytes: bytesOf(row["body"]) ?? new Uint8Array(),
  };
}

function toPiece(row: Row): StoredPiece {
  return {
    index: Number(row["ordinal"]),
    part: Number(row["part"]),
    offset: Number(row["off"]),
    total: Number(row["total"]),
    delay: Number(row["delay"]),
    isStart: row["start"] !== 0,
    bytes: bytesOf(row["bytes"]) ?? new Uint8Array(),
  };
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}
