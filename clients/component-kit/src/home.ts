import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where things of a component lie, whether they are there yet or not. */
export interface ComponentPaths {
  readonly home: string;
  /** The folder that the daemon watches for port files. */
  readonly run: string;
  readonly portFile: string;
  readonly log: string;
  /** Where the component may keep what is its own. */
  readonly state: string;
}

const namePattern = /^[a-z][a-z0-9-]{0,31}$/;

/** The paths of a component in the home that `DAPHNIA_HOME` names, or in `~/.daphnia`. */
export function pathsOf(name: string): ComponentPaths {
  const home = resolve(process.env["DAPHNIA_HOME"] || join(homedir(), ".daphnia"));
  const run = join(home, "run");
  return {
    home,
    run,
    portFile: join(run, `${name}.port`),
    log: join(home, "logs", `${name}.log`),
    state: join(home, "components", name),
  };
}

/** Whether this is the home that a user has without saying so. */
export function isDefaultHome(home: string): boolean {
  return home === join(homedir(), ".daphnia");
}

/** Throws for a name that is none: it becomes the name of files, units and commands. */
export function checkName(name: string): void {
  if (name === "daemon") throw new Error("\"daemon\" is the daemon's own name, and its log's");
  if (namePattern.test(name)) return;
  throw new Error(
    `a component's name is 1 to 32 of a-z, 0-9 and -, and begins with a letter: not "${name}"`,
  );
}
