import { readFileSync } from "node:fs";
import { messageOf } from "../base/errors.ts";
import { createFileTools } from "../plugins/files/file-tools.ts";
import { checkAgents, checkConfig, checkModels } from "./check-files.ts";
import { checkClock, checkHomeFolder, checkNode, checkSpace } from "./check-machine.ts";
import { checkPort } from "./check-port.ts";
import { readHomeConfig } from "./config-state.ts";
import { type Found, fail } from "./finding.ts";
import { homeAt, homePath } from "./home.ts";
import { openProviders } from "./providers.ts";
import { systemClock } from "./system.ts";

export interface CheckOptions {
  /** The home; default `DAPHNIA_HOME`, or `~/.daphnia`. */
  readonly home?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Names of the tools there are; default: those that come with the daemon. */
  readonly tools?: readonly string[];
}

/**
 * Everything that can be checked without a daemon. It makes nothing, changes
 * nothing and asks nobody; of the network it tries only whether the port is free.
 */
export async function checkHome(options: CheckOptions = {}): Promise<Found[]> {
  const environment = options.environment ?? process.env;
  const home = homeAt(options.home ?? homePath(environment));
  const tools = options.tools ?? createFileTools({ sealed: [] }).map(({ spec }) => spec.name);
  const reading = await readHomeConfig(home, environment);
  const { config } = reading.effective;
  const named = config.providers;
  const providers = openProviders({ environment, named, home, clock: systemClock });
  const { tcp = true, address = "127.0.0.1", port = 0 } = config.listen ?? {};
  const checks: [string, () => Found | Found[] | Promise<Found | Found[]>][] = [
    ["node", () => checkNode()],
    ["home", () => checkHomeFolder(home)],
    ["disk", () => checkSpace(home)],
    ["clock", () => checkClock(home)],
    ["config", () => checkConfig(reading, home)],
    ["agents", () => checkAgents(home, { tools, providers })],
    ["model", () => checkModels(config, providers)],
    ["port", () => checkPort({ tcp, address, port }, pidOf(home.pidFile))],
  ];
  const found = await Promise.all(
    checks.map(async ([name, check]) => {
      try {
        return await check();
      } catch (error) {
        return fail(name, `cannot be checked: ${messageOf(error)}`, "");
      }
    }),
  );
  return found.flat();
}

/** The pid that a home's daemon left; undefined where none runs. */
function pidOf(path: string): number | undefined {
  try {
    const { pid }: { pid?: unknown } = JSON.parse(readFileSync(path, "utf8"));
    return typeof pid === "number" ? pid : undefined;
  } catch {
    return undefined; // none was written, or not whole: then nothing is known
  }
}
