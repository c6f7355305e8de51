import type { Entry } from "./entry.ts";
import { type Log, toEntry } from "./log.ts";
import { type Selection, selects, selectsAll } from "./selection.ts";

/** Entries that a selection wants, and how far the log was looked at. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly reached: number;
}

const tailPage = 512;
const sessionPage = 256;

/**
 * Reads the log for one reader: from memory near its end, from the store far
 * behind. A page holds at most `maxBytes`, or one event.
 */
export function createReader(log: Log, selection: Selection, maxBytes: number) {
  const only = selection.sessions.length === 1 ? selection.sessions[0] : undefined;
  const named = selection.sessions.length === 0 ? undefined : selection.sessions;
  const wants = selectsAll(selection) ? () => true : (entry: Entry) => selects(selection, entry);
  /** Where a reader of one session is in it, once it is known. */
  let place: { position: number; seq: number } | undefined;

  async function stored(after: number, head: number): Promise<Page> {
    if (only === undefined) {
      const page = await log.store.readLog(after, head, named, maxBytes);
      return { entries: page.events.map((event) => toEntry(log, event)), reached: page.reached };
    }
    const seq = place?.position === after ? place.seq : await log.store.seqAt(only, after);
    const events = await log.store.readSession(only, seq, sessionPage, maxBytes);
    const shown = events.filter((event) => event.position <= head);
    const last = shown.at(-1);
    const isAll = last === undefined || shown.length < events.length;
    const reached = isAll ? head : last.position;
    place = { position: reached, seq: last?.seq ?? seq };
    return { entries: shown.map((event) => toEntry(log, event)), reached };
  }

  return function read(after: number, head: number): Page | Promise<Page> {
    const held = log.tail.after(after, tailPage);
    if (held !== undefined) return cut(fromTail(held, head), wants, maxBytes);
    return stored(after, head).then((page) => cut(page, wants, maxBytes));
  };
}

function fromTail(held: readonly Entry[], head: number): Page {
  const shown = held.filter((entry) => entry.position <= head);
  const isAll = held.length < tailPage || shown.length < held.length;
  return { entries: shown, reached: isAll ? head : (shown.at(-1)?.position ?? head) };
}

function cut(page: Page, wants: (entry: Entry) => boolean, maxBytes: number): Page {
  const entries: Entry[] = [];
  let bytes = 0;
  let reached = 0;
  for (const entry of page.entries) {
    if (wants(entry)) {
      if (entries.length > 0 && bytes + entry.wire.length > maxBytes) return { entries, reached };
      entries.push(entry);
      bytes += entry.wire.length;
    }
    reached = entry.position;
  }
  return { entries, reached: page.reached };
}
