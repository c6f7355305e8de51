import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Waits for a process that is nobody's child, as the system tells it; Node has no word for that. */
const script = `
import os, select, sys
pid, seconds = int(sys.argv[1]), float(sys.argv[2])
try:
    if hasattr(os, "pidfd_open"):
        ended = select.select([os.pidfd_open(pid)], [], [], seconds)[0]
    else:
        event = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        ended = select.kqueue().control([event], 1, seconds)
except ProcessLookupError:
    ended = [pid]
sys.exit(0 if ended else f"process {pid} still runs after {seconds} s")
`;

/** Resolves when a process has ended, or is none; rejects where it runs on for 10 seconds. */
export async function untilGone(pid: number): Promise<void> {
  await execute("python3", ["-c", script, String(pid), "10"]);
}

/** The processes that were started with words that begin so. */
export async function processesOf(words: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""); // it is gone
    if (line.startsWith(words)) found.push(Number(pid));
  }
  return found;
}
