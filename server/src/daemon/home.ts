import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { messageOf } from "../base/errors.ts";
import { HomeError } from "./home-error.ts";

/** The folders and files of a home. One daemon owns one home. */
export interface Home {
  readonly path: string;
  readonly socket: string;
  readonly database: string;
  readonly log: string;
  readonly pidFile: string;
  readonly tokenFile: string;
  readonly scripts: string;
  readonly agents: string;
  readonly config: string;
}

/** Longest path of a unix socket in bytes, without the closing zero. */
const longestSocket = process.platform === "darwin" ? 103 : 107;

/** Where a home is: `DAPHNIA_HOME`, or `~/.daphnia`. */
export function homePath(environment: Readonly<Record<string, string | undefined>>): string {
  return resolve(environment["DAPHNIA_HOME"] || join(homedir(), ".daphnia"));
}

export function homeAt(path: string): Home {
  return {
    path,
    socket: join(path, "run", "daphnia.sock"),
    database: join(path, "daphnia.db"),
    log: join(path, "logs", "daemon.log"),
    pidFile: join(path, "run", "daemon.json"),
    tokenFile: join(path, "run", "token"),
    scripts: join(path, "scripts"),
    agents: join(path, "agents"),
    config: join(path, "daphnia.toml"),
  };
}

/** Makes what is missing, private to its owner. Says what is wrong and how to mend it. */
export function prepareHome(path: string): Home {
  const home = homeAt(path);
  const length = Buffer.byteLength(home.socket);
  if (length > longestSocket) {
    throw new HomeError(
      `the home's path is too long for a unix socket: ${home.socket} is ${length} bytes, at most ${longestSocket} are possible`,
      "set DAPHNIA_HOME to a shorter path",
    );
  }
  try {
    for (const folder of [path, join(path, "run"), join(path, "logs")]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    throw new HomeError(
      `the home ${path} cannot be made: ${messageOf(error)}`,
      "set DAPHNIA_HOME to a folder you can write to",
      { cause: error },
    );
  }
  const { uid, mode } = statSync(path);
  const me = process.getuid?.();
  if (me !== undefined && uid !== me) {
    throw new HomeError(
      `the home ${path} belongs to user ${uid}, this is user ${me}`,
      `run as its owner, or set DAPHNIA_HOME`,
    );
  }
  if ((mode & 0o077) !== 0) chmodSync(path, 0o700);
  return home;
}

/** The owner's token, minted at the first start: 256 bits, readable by the owner alone. */
export function ownerToken(home: Home): string {
  if (existsSync(home.tokenFile)) return readFileSync(home.tokenFile, "utf8").trim();
  const token = randomBytes(32).toString("base64url");
  writeFileSync(home.tokenFile, `${token}\n`, { mode: 0o600, flag: "wx" });
  return token;
}
