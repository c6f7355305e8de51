import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

/** What the workload was told until a moment. */
export interface Promises {
  /** Takes lines of the acknowledgements. */
  hear(lines: string): void;
  /** What of it a database does not keep, in words. */
  broken(path: string): string[];
  /** How many events it was told of. */
  events(): number;
}

export function createPromises(): Promises {
  /** Each session's events: position by seq. */
  const sessions = new Map<string, Map<number, number>>();
  const deleting = new Set<string>();
  const deleted = new Set<string>();
  const blobs = new Map<string, string>();
  const settled = new Set<string>();
  let revision = 0;
  let heard = 0;

  function hearLine(line: string): void {
    const [what, one = "", two = "", three = ""] = line.split(" ");
    switch (what) {
      case "event":
        heard++;
        sessions.set(one, (sessions.get(one) ?? new Map()).set(Number(two), Number(three)));
        return;
      case "deleting":
        deleting.add(one);
        return;
      case "deleted":
        deleted.add(one);
        return;
      case "blob":
        blobs.set(two, one);
        return;
      case "record":
        revision = Math.max(revision, Number(one));
        return;
      case "settled":
        settled.add(one);
        return;
      default:
        throw new Error(`nobody acknowledges "${line}"`);
    }
  }

  function* brokenSession(sessionId: string, found: ReadonlyMap<string, number>, isGone: boolean) {
    if (isGone) {
      if (!deleting.has(sessionId)) yield `session ${sessionId} is gone`;
      return;
    }
    if (deleted.has(sessionId)) yield `session ${sessionId} is back`;
    for (const [seq, position] of sessions.get(sessionId) ?? []) {
      const at = found.get(`${sessionId} ${seq}`);
      if (at !== position) yield `event ${sessionId}/${seq} at ${position} is at ${at}`;
    }
  }

  function brokenEvents(db: DatabaseSync): string[] {
    const rows = db.prepare(allEvents).all();
    const other = rows.filter((row) => !isWhole(row));
    const found = new Map(rows.map((row) => [`${row["id"]} ${row["seq"]}`, Number(row["pos"])]));
    const gone = new Set(
      db
        .prepare(goneSessions)
        .all()
        .map((row) => row["id"]),
    );
    return [
      ...other.map((row) => `event ${row["id"]}/${row["seq"]} has other bytes`),
      ...[...sessions.keys()].flatMap((id) => [...brokenSession(id, found, gone.has(id))]),
    ];
  }

  function brokenRest(db: DatabaseSync): string[] {
    const blob = db.prepare("SELECT length(bytes) = size AS whole FROM blob WHERE digest = ?");
    const lost = [...blobs].filter(
      ([digest, sessionId]) => !deleting.has(sessionId) && blob.get(digest)?.["whole"] !== 1,
    );
    const open = db.prepare("SELECT draft_id FROM open_draft").all();
    const back = open.map((row) => String(row["draft_id"])).filter((id) => settled.has(id));
    const record = db.prepare("SELECT revision FROM record WHERE kind = 'agent'").get();
    const kept = Number(record?.["revision"] ?? 0);
    return [
      ...lost.map(([digest, sessionId]) => `blob ${digest} of ${sessionId} is gone`),
      ...back.map((draftId) => `draft ${draftId} is open again`),
      ...(kept < revision ? [`the record has revision ${kept}, not ${revision}`] : []),
    ];
  }

  return {
    hear(lines) {
      for (const line of lines.trimEnd().split("\n")) hearLine(line);
    },
    broken(path) {
      const db = new DatabaseSync(path);
      try {
        db.exec("PRAGMA synchronous = OFF"); // this copy need not outlive anything
        const health = db.prepare("PRAGMA integrity_check").get()?.["integrity_check"];
        if (health !== "ok") return [`corrupt: ${health}`];
        return [...brokenEvents(db), ...brokenRest(db)];
      } catch (error) {
        return [`corrupt: ${error}`];
      } finally {
        db.close();
      }
    },
    events: () => heard,
  };
}

const goneSessions = "SELECT id FROM session WHERE deleted = 1";
const allEvents =
  "SELECT s.id, e.seq, e.pos, e.digest, e.body FROM event e JOIN session s ON s.n = e.session";

function isWhole(row: Record<string, unknown>): boolean {
  const { body, digest } = row;
  if (!(body instanceof Uint8Array) || !(digest instanceof Uint8Array)) return false;
  return createHash("sha256").update(body).digest().equals(digest);
}
