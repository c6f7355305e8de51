import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export interface HomeOptions {
  /** The daemon's home; default `DAPHNIA_HOME`, or `~/.daphnia`. */
  readonly home?: string;
}

/** What a home consists of, by name. */
export interface HomePaths {
  readonly home: string;
  readonly socket: string;
  readonly token: string;
  readonly pidFile: string;
  readonly log: string;
  readonly database: string;
  readonly blobs: string;
  readonly config: string;
  readonly agents: string;
  readonly scripts: string;
}

/** Where the home of this user's daemon is. */
export function homeOf(options: HomeOptions = {}): string {
  return resolve(options.home || process.env["DAPHNIA_HOME"] || join(homedir(), ".daphnia"));
}

/** The socket that a home's daemon serves. */
export function socketOf(options: HomeOptions = {}): string {
  return join(homeOf(options), "run", "daphnia.sock");
}

/** Where everything of a home lies, whether it is there yet or not. */
export function pathsOf(options: HomeOptions = {}): HomePaths {
  const home = homeOf(options);
  return {
    home,
    socket: socketOf(options),
    token: join(home, "run", "token"),
    pidFile: join(home, "run", "daemon.json"),
    log: join(home, "logs", "daemon.log"),
    database: join(home, "daphnia.db"),
    blobs: join(home, "blobs"),
    config: join(home, "daphnia.toml"),
    agents: join(home, "agents"),
    scripts: join(home, "scripts"),
  };
}

/** The owner's token of a home, for its TCP port. */
export async function ownerToken(options: HomeOptions = {}): Promise<string> {
  return (await readFile(pathsOf(options).token, "utf8")).trim();
}
