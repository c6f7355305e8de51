import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type StartContext, z } from "@daphnia/component";
import { lookAtFile, lookAtPage } from "./look.ts";
import { summarize } from "./summarize.ts";

const stateShape = z.object({
  last: z.number(),
  changes: z.array(
    z.object({ id: z.number(), time: z.string(), target: z.string(), summary: z.string() }),
  ),
  watches: z.record(
    z.string(),
    z.object({
      every: z.number(),
      text: z.string(),
      etag: z.string(),
      problem: z.string().optional(),
    }),
  ),
});
type Watch = z.infer<typeof stateShape>["watches"][string];
const [mostWatches, mostChanges] = [32, 200];

/** Everything that is watched, and what came of it; kept in a file, and so over restarts. */
export function openWatches({ folder, signal, log }: StartContext) {
  const file = join(folder, "state.json");
  const home = dirname(dirname(folder));
  const state = existsSync(file)
    ? stateShape.parse(JSON.parse(readFileSync(file, "utf8")))
    : { last: 0, watches: {}, changes: [] };
  const followed = new Map<string, AbortController>();

  function save(): void {
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  const look = (target: string, etag: string, given: AbortSignal) =>
    target.startsWith("/") ? lookAtFile(target, home) : lookAtPage(target, etag, given);

  async function check(target: string, watch: Watch, given: AbortSignal): Promise<void> {
    const { text: before, problem: known } = watch;
    try {
      const { text = before, etag } = await look(target, watch.etag, given);
      Object.assign(watch, { text, etag, problem: undefined });
    } catch (error) {
      if (given.aborted) return;
      watch.problem = error instanceof Error ? error.message : String(error);
    }
    const { text, problem } = watch;
    if (text === before && (problem === undefined || problem === known)) return;
    const summary = problem ? `cannot be read: ${problem}` : summarize(before, text);
    state.changes.push({ id: ++state.last, time: new Date().toISOString(), target, summary });
    state.changes.splice(0, state.changes.length - mostChanges);
    save();
    log.info("changed", { target });
  }

  async function follow(target: string, watch: Watch): Promise<void> {
    const leave = new AbortController();
    followed.get(target)?.abort();
    followed.set(target, leave);
    const either = AbortSignal.any([signal, leave.signal]);
    while (!either.aborted) {
      await pause(watch.every * 1000, undefined, { signal: either }).catch(() => {}); // it ends
      if (!either.aborted) await check(target, watch, either);
    }
  }

  for (const [target, watch] of Object.entries(state.watches)) void follow(target, watch);
  return {
    /** Begins with what is there now; throws when that cannot be read. */
    async watch(target: string, every: number, given: AbortSignal): Promise<void> {
      const isFull = Object.keys(state.watches).length >= mostWatches;
      if (isFull && !state.watches[target]) throw new Error(`at most ${mostWatches} are watched`);
      const watch = { every, text: "", ...(await look(target, "", given)) };
      state.watches[target] = watch;
      save();
      void follow(target, watch); // until it is left, or the component ends
    },
    unwatch(target: string): boolean {
      followed.get(target)?.abort();
      delete state.watches[target];
      save();
      return followed.delete(target);
    },
    changes: (since: number) => ({
      last: state.last,
      changes: state.changes.filter(({ id }) => id > since),
      watched: Object.entries(state.watches).map(([target, { every, problem }]) => ({
        target,
        every,
        problem,
      })),
    }),
  };
}
