import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathsOf } from "@daphnia/client/home";
import type { GetInfoResponse } from "@daphnia/protocol/daemon_service";
import { Complaint } from "./complaint.ts";
import { exitCodes } from "./exit-codes.ts";
import { findDaemon } from "./find-daemon.ts";
import type { Target } from "./target.ts";

/** Milliseconds between two looks, and in all. */
const lookEvery = 20;
const longestStart = 20_000;

/**
 * Starts a home's daemon in the background, in a process group of its own, and
 * waits until it answers. Two that start one at once end up with the same daemon.
 */
export async function startDaemon(
  target: Extract<Target, { kind: "home" }>,
): Promise<GetInfoResponse> {
  const { log } = pathsOf({ home: target.home });
  const file = openLog(log, target.home);
  const before = statSync(log).size;
  const child = spawn(process.execPath, [process.argv[1] ?? "", "daemon", "run"], {
    detached: true,
    stdio: ["ignore", file, file],
    cwd: target.home,
    env: { ...process.env, DAPHNIA_HOME: target.home, DAPHNIA_URL: "" },
  });
  closeSync(file);
  let code: number | undefined;
  child.on("error", () => {
    code = exitCodes.failed;
  });
  child.on("exit", (status) => {
    code = status ?? exitCodes.failed;
  });
  child.unref();
  const end = performance.now() + longestStart;
  while (performance.now() < end) {
    const info = await findDaemon(target);
    if (info !== undefined) return info;
    // In use: somebody else was faster, and will answer soon.
    if (code !== undefined && code !== exitCodes.homeInUse) break;
    await pause(lookEvery);
  }
  throw new Complaint(
    code ?? exitCodes.failed,
    `the daemon did not start${reasonIn(log, before)}`,
    `its log: ${log}`,
  );
}

function openLog(log: string, home: string): number {
  try {
    mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
    return openSync(log, "a", 0o600);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Complaint(
      exitCodes.failed,
      `the home ${home} cannot be used: ${why}`,
      "set DAPHNIA_HOME to a folder you can write to",
      { cause: error },
    );
  }
}

/** What the daemon wrote to the terminal it does not have, without the log's own lines. */
function reasonIn(log: string, from: number): string {
  const lines = readFileSync(log).subarray(from).toString().split("\n");
  const said = lines.filter((line) => line !== "" && !line.startsWith("{"));
  const last = said.at(-1)?.replace(/^daphnia: /, "");
  return last === undefined ? "" : `: ${last}`;
}
