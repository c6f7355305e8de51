import type { Event } from "@daphnia/protocol/event";

/** Events by seq in pages that are read on demand. */
export interface EventPages {
  /** One that is held; else its page is read, and `changed` told. */
  event(seq: number): Event | undefined;
  /** The next event, behind all others. */
  append(event: Event): void;
  /** Why the last page could not be read. */
  problem(): unknown;
}

export const pageSize = 200;
/** Pages that are held: what is looked at, and what is near. */
const mostPages = 60;
/** Milliseconds after a failure in which a page is not asked for again. */
const pause = 1000;

export function createEventPages(
  read: (from: number, count: number) => Promise<readonly Event[]>,
  changed: () => void,
): EventPages {
  /** The one used last is last. */
  const pages = new Map<number, Event[]>();
  const reading = new Set<number>();
  let problem: unknown;
  let failedAt = 0;

  function touch(page: number, events: Event[]): void {
    pages.delete(page);
    pages.set(page, events);
    const [oldest] = pages.keys();
    if (pages.size > mostPages && oldest !== undefined) pages.delete(oldest);
  }

  async function load(page: number): Promise<void> {
    if (reading.has(page) || (problem !== undefined && Date.now() - failedAt < pause)) return;
    reading.add(page);
    try {
      const events = await read(page * pageSize + 1, pageSize);
      const held = pages.get(page);
      // What was told meanwhile is not lost: the longer one has it all.
      if (held === undefined || held.length < events.length) touch(page, [...events]);
      problem = undefined;
    } catch (error) {
      problem = error;
      failedAt = Date.now();
    } finally {
      reading.delete(page);
      changed();
    }
  }

  return {
    event(seq) {
      const page = Math.floor((seq - 1) / pageSize);
      const events = pages.get(page);
      const found = events?.[(seq - 1) % pageSize];
      // Its reading never rejects, and is told by `changed`.
      if (found === undefined) void load(page);
      else if (events !== undefined) touch(page, events);
      return found;
    },
    append(event) {
      const seq = Number(event.seq);
      const page = Math.floor((seq - 1) / pageSize);
      const place = (seq - 1) % pageSize;
      const events = pages.get(page);
      if (place === 0) touch(page, [event]);
      else if (events?.length === place) events.push(event);
    },
    problem: () => problem,
  };
}
