import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Definition } from "../definition.ts";
import { exitCodes } from "../exit-codes.ts";
import { pathsOf } from "../home.ts";
import { isServing, type PortFile, readPortFile } from "../port-file.ts";
import { findServiceManager, serviceOf } from "../service-manager.ts";

/** Milliseconds between two looks, and in all. */
const lookEvery = 20;
const longestStart = 20_000;

/** Runs a component in the background, unless it runs. */
export async function start({ name, description }: Definition): Promise<number> {
  const { portFile, log } = pathsOf(name);
  const before = readPortFile(portFile);
  if (before !== undefined && (await isServing(before))) {
    return say(`${name} runs already: ${placeOf(before)}`);
  }
  const service = serviceOf(name, description);
  const manager = await findServiceManager(service);
  if (manager !== undefined) {
    await manager.start();
    const place = placeOf(await untilServing(name));
    return say(`${name} runs: ${place}; ${manager.kind} restarts it (${manager.unit})`);
  }
  const failed = startDetached(service.command, log);
  const place = placeOf(await Promise.race([untilServing(name), failed]));
  return say(
    `${name} runs: ${place}\nNo manager of services answers here, so it is a plain background ` +
      "process: nothing restarts it after a crash or a reboot.",
  );
}

/** Starts a process that outlives this one. Rejects when it ends. */
function startDetached(command: readonly string[], log: string): Promise<never> {
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
  const file = openSync(log, "a", 0o600); // for what it says when it cannot even begin
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", file, file],
    env: { ...process.env, DAPHNIA_HOME: dirname(dirname(log)) },
  });
  closeSync(file);
  child.unref();
  return new Promise((_resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) =>
      reject(new Error(`it ended at once, with ${signal ?? `exit code ${code}`}; its log: ${log}`)),
    );
  });
}

async function untilServing(name: string): Promise<PortFile> {
  const { portFile, log } = pathsOf(name);
  const end = performance.now() + longestStart;
  while (performance.now() < end) {
    const found = readPortFile(portFile);
    if (found !== undefined && (await isServing(found))) return found;
    await pause(lookEvery);
  }
  throw new Error(`it did not start; its log: ${log}`);
}

function placeOf({ pid, port }: PortFile): string {
  return `pid ${pid}, port ${port}`;
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}
