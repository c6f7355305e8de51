import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const isLinux = process.platform === "linux";
const execute = promisify(execFile);

let booted: Promise<string> | undefined;

/** Names this run of the machine: ids and start times count from its beginning. */
function bootId(): Promise<string> {
  booted ??= readFile("/proc/sys/kernel/random/boot_id", "utf8").then((text) => text.trim());
  return booted;
}

/**
 * When a process began, in the system's own words; undefined when there is none.
 * On Linux ticks since the boot, and which boot; elsewhere what `ps` says.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    if (isLinux) {
      // Told from memory at once: three trips to the thread pool would cost more.
      const ticks = statFields(readFileSync(`/proc/${pid}/stat`, "utf8"))[19];
      const boot = await bootId();
      return ticks === undefined ? undefined : `${ticks}@${boot}`;
    }
    const { stdout } = await execute("ps", ["-o", "lstart=", "-p", String(pid)], {
      env: { LC_ALL: "C", TZ: "UTC", PATH: "/bin:/usr/bin" },
    });
    return stdout.trim() || undefined;
  } catch {
    return undefined; // it is gone, which is an answer
  }
}

/** Whether a start time was told since this machine was booted. */
export async function isOfThisBoot(startTime: string): Promise<boolean> {
  return isLinux ? startTime.endsWith(`@${await bootId()}`) : true;
}

/** The fields of a process from its state on; its name before them may hold anything. */
export function statFields(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Signals a whole group; false when nobody is left in it. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false; // it ended by itself before anybody noticed
  }
}
