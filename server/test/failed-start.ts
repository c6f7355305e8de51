import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** How a daemon that cannot start ends. */
export interface FailedStart {
  readonly code: number;
  readonly said: string;
  readonly milliseconds: number;
}

const entry = join(import.meta.dirname, "test-daemon.ts");
const patience = 10_000;

/** Starts a daemon on a home that it must refuse; one that serves is ended, with code -1. */
export async function failToStart(home: string, uid?: number): Promise<FailedStart> {
  const began = performance.now();
  const child = spawn(process.execPath, [entry], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], DAPHNIA_HOME: home, DAPHNIA_TCP_PORT: "off" },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const tooLate = setTimeout(() => child.kill("SIGKILL"), patience);
  const [[code], said] = await Promise.all([once(child, "exit"), text(child.stderr)]);
  clearTimeout(tooLate);
  return { code: code ?? -1, said, milliseconds: performance.now() - began };
}
