import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@daphnia/protocol/event";
import { type Session, SessionSchema } from "@daphnia/protocol/session";
import { sessionHead } from "../src/core/projection/session-head.ts";

/**
 * Makes a session's log in a home that nobody serves end after `last`: the home
 * is then as if the daemon had been killed right after that event.
 */
export function cutLog(home: string, sessionId: string, last: number): void {
  const database = new DatabaseSync(join(home, "daphnia.db"));
  try {
    const row = database.prepare("SELECT n FROM session WHERE id = ?").get(sessionId);
    const n = Number(row?.["n"]);
    database.prepare("DELETE FROM event WHERE session = ? AND seq > ?").run(n, last);
    const open = "SELECT n FROM open_draft WHERE session = ?";
    database.prepare(`DELETE FROM draft WHERE draft IN (${open})`).run(n);
    database.prepare("DELETE FROM open_draft WHERE session = ?").run(n);
    const bodies = database.prepare("SELECT body FROM event WHERE session = ? ORDER BY seq").all(n);
    let head: Session | undefined;
    for (const { body } of bodies) {
      if (!(body instanceof Uint8Array)) throw new Error("an event is not made of bytes");
      head = sessionHead.apply(head, fromBinary(EventSchema, body));
    }
    if (head === undefined) throw new Error(`session "${sessionId}" has no events`);
    const isUnfinished = sessionHead.isUnfinished(head) ? 1 : 0;
    database
      .prepare("UPDATE head SET unfinished = ?, value = ? WHERE session = ?")
      .run(isUnfinished, toBinary(SessionSchema, head), n);
  } finally {
    database.close();
  }
}
