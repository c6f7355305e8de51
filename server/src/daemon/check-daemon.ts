import type { EventStore } from "../core/log/event-store.ts";
import type { FileWatch } from "../plugins/config/watch-files.ts";
import { checkHome } from "./checks.ts";
import { type Found, fail, ok, warn } from "./finding.ts";

/** Milliseconds that the wall clock may drift from the other one. */
const drift = 5000;

/** What only the daemon can see of itself, besides what everybody can. */
export function createDaemonCheck(deps: {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly tools: readonly string[];
  readonly events: EventStore;
  readonly isCorrupt: () => boolean;
  /** Reads the whole store; what is wrong with it. */
  readonly readStore: () => readonly string[];
  readonly watch: FileWatch;
  readonly checkSandbox: () => Promise<Found>;
}): (options: { readonly deep: boolean }) => Promise<Found[]> {
  const started = { wall: Date.now(), monotonic: performance.now() };
  return async ({ deep }) => [
    ...(await checkHome(deps)),
    ...checkStore(deps, deep),
    checkWatch(deps.watch),
    await deps.checkSandbox(),
    checkJump(Date.now() - started.wall - (performance.now() - started.monotonic)),
  ];
}

function checkStore(
  deps: {
    readonly events: EventStore;
    readonly isCorrupt: () => boolean;
    readonly readStore: () => readonly string[];
  },
  deep: boolean,
): Found[] {
  const remedy = "stop the daemon, and put a backup of the home in its place";
  const trouble = deps.events.trouble();
  if (trouble !== undefined) {
    return [fail("store", `cannot be written: ${trouble}`, "make space where the home is")];
  }
  if (deps.isCorrupt()) return [fail("store", "a page of it is corrupt", remedy)];
  const problems = deep ? deps.readStore() : [];
  if (problems.length > 0) return problems.map((problem) => fail("store", problem, remedy));
  return [ok("store", deep ? "every page was read, and is well" : "can be read and written")];
}

function checkWatch(watch: FileWatch): Found {
  const problem = watch.problem();
  if (problem === undefined) return ok("files", "changes of config and agents are seen");
  return warn("files", problem, "run `daphnia daemon reload` after a change");
}

function checkJump(jumped: number): Found {
  const seconds = Math.round(jumped / 1000);
  if (Math.abs(jumped) < drift) return ok("time", "the clock went evenly since the start");
  return warn("time", `the clock jumped by ${seconds} s since the start`, "check the time service");
}
