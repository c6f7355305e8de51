import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { type Session as Head, SessionSchema } from "@daphnia/protocol/session";
import type {
  ListSessionsRequest,
  ListSessionsResponseSchema,
} from "@daphnia/protocol/session_service";
import { invalidField } from "../base/errors.ts";
import { formatCursor } from "../core/log/cursor.ts";
import type { Log } from "../core/log/log.ts";
import { pageSize } from "./read-fields.ts";

const rows = 256;

/** A page of sessions, newest first. The daemon's own session is among them. */
export async function listSessions(
  request: ListSessionsRequest,
  log: Log,
): Promise<MessageInitShape<typeof ListSessionsResponseSchema>> {
  const most = pageSize(request.pageSize, 100, 1000);
  const filter = filterOf(request);
  const cursor = formatCursor(log.id, log.head());
  const sessions: Head[] = [];
  let place = placeOf(request.pageToken, filter);
  for (;;) {
    const page = await log.store.listHeads(place, rows);
    for (const row of page) {
      if (sessions.length === most) {
        return { sessions, cursor, nextPageToken: `${place}.${checksum(filter)}` };
      }
      const head = fromBinary(SessionSchema, row.value);
      if (fits(head, request)) sessions.push(head);
      place = row.place;
    }
    if (page.length < rows) return { sessions, cursor };
  }
}

function fits(head: Head, { agent, states, labels, cwd }: ListSessionsRequest): boolean {
  return (
    (agent === "" || head.agent === agent) &&
    (states.length === 0 || states.includes(head.state)) &&
    (cwd === "" || head.cwd === cwd) &&
    Object.entries(labels).every(([key, value]) => head.labels[key] === value)
  );
}

function filterOf({ agent, states, labels, cwd }: ListSessionsRequest): string {
  return JSON.stringify([agent, states, Object.entries(labels).sort(), cwd]);
}

/** A token goes on where its page ended, for the same filter only. */
function placeOf(token: string, filter: string): number {
  if (token === "") return Number.MAX_SAFE_INTEGER;
  const [place, sum] = token.split(".");
  if (!/^\d+$/.test(place ?? "") || sum !== checksum(filter)) {
    throw invalidField("page_token", "is not a token of this list and filter");
  }
  return Number(place);
}

/** FNV-1a, 32 bits: tells filters apart, keeps nothing secret. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash.toString(36);
}
