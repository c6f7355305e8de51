import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Reads pages one after the other, each in a turn of the event loop of its own:
 * however many are far behind, nobody else waits for more than one page.
 */
export function createPageQueue(): <T>(read: () => T) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (read) => {
    const page = last.then(() => nextTurn()).then(read);
    last = page.catch(() => {}); // whoever asked for it is told
    return page;
  };
}
