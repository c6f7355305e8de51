import { existsSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { homedir } from "node:os";
import { createInterface } from "node:readline/promises";
import { type HomePaths, pathsOf } from "@daphnia/client/home";
import { Complaint } from "../complaint.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { findDaemon } from "../find-daemon.ts";
import { processOf } from "../home-process.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";
import { typed } from "../typed-command.ts";

/** Deletes a home and all that is in it, after asking. */
export async function purge(options: Globals & { readonly yes?: boolean }): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  if (target.kind === "url") {
    throw new Complaint(exitCodes.usage, "only a home on this machine can be purged");
  }
  const paths = pathsOf({ home: target.home });
  if (!existsSync(paths.home)) {
    screen.say(`there is no home at ${oneLine(paths.home)}`);
    if (options.json) screen.print(safeJson({ purged: null }));
    return exitCodes.ok;
  }
  refuseOther(paths);
  const pid = (await findDaemon(target))?.pid ?? processOf(paths.home);
  if (pid !== undefined) {
    throw new Complaint(
      exitCodes.homeInUse,
      `the home ${paths.home} is served by pid ${pid}`,
      `stop it first with \`${typed("daemon stop", paths.home)}\``,
    );
  }
  if (!options.yes && !(await isMeant(paths.home, screen))) {
    screen.say("nothing was deleted");
    return exitCodes.failed;
  }
  await rm(paths.home, { recursive: true });
  if (options.json) screen.print(safeJson({ purged: paths.home }));
  else screen.say(`deleted ${oneLine(paths.home)}`);
  return exitCodes.ok;
}

/** A slip in DAPHNIA_HOME must not cost a folder that is no home of ours. */
function refuseOther({ home, database, pidFile, log, token }: HomePaths): void {
  const real = realpathSync(home);
  const own = realpathSync(homedir());
  const isOurs = [database, pidFile, log, token].some((path) => existsSync(path));
  if (isOurs && own !== real && !own.startsWith(`${real.replace(/\/$/, "")}/`)) return;
  throw new Complaint(
    exitCodes.usage,
    `${home} does not look like a home of Daphnia`,
    "check DAPHNIA_HOME, or delete it yourself",
  );
}

async function isMeant(home: string, screen: Screen): Promise<boolean> {
  const question = `Delete ${oneLine(home)} with all its sessions, events and files?`;
  if (!process.stdin.isTTY) {
    throw new Complaint(exitCodes.usage, `${question} Nobody is there to say yes`, "add --yes");
  }
  screen.close();
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
