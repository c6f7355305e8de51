import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { lstat, opendir, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { codeOf, pinPath } from "./pin-path.ts";

/**
 * Names of files that are about to take another's place. Each says whose it is,
 * so that what a daemon has left that was killed can be told from what another is
 * writing just now.
 */
export function temporaryName(): string {
  return `.daphnia-${process.pid}-${startOf("self")}-${placeOf()}-${randomBytes(6).toString("hex")}.tmp`;
}

/** Removes from a folder what writers have left that are gone. */
export type TemporarySweep = (folder: string) => Promise<void>;

/** Looks into a folder the first time only: what this daemon makes, it removes itself. */
export function createTemporarySweep(): TemporarySweep {
  const swept = new Set<string>();
  return async (folder) => {
    if (swept.has(folder)) return;
    if (swept.size >= mostFolders) swept.clear();
    swept.add(folder);
    const pinned = await pinPath(folder);
    if ("problem" in pinned) return; // it went after something was written there
    await using pin = pinned;
    for (const name of await leftIn(pin.route).catch(none)) {
      await unlink(join(pin.route, name)).catch(none);
    }
  };
}

const mostFolders = 10_000;
/** What a writer elsewhere left, on another machine or before a boot, is old after a day. */
const oldAfter = 24 * 60 * 60 * 1000;
const isLinux = process.platform === "linux";
const shape = /^\.daphnia-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{12}\.tmp$/;

async function leftIn(route: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(route)) {
    const [, pid = "", start = "", place = ""] = shape.exec(name) ?? [];
    if (pid === "") continue;
    const isLeft = place === placeOf() ? isGone(pid, start) : await isOld(join(route, name));
    if (isLeft) names.push(name);
  }
  return names;
}

function isGone(pid: string, start: string): boolean {
  if (isLinux) return startOf(pid) !== start;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

async function isOld(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined); // its writer has just removed it
  return stats !== undefined && Date.now() - stats.mtimeMs > oldAfter;
}

/** What may not be listed or removed stays; it is in nobody's way. */
function none(error: unknown): string[] {
  if (expected.includes(codeOf(error))) return [];
  throw error;
}

const expected = ["ENOENT", "EACCES", "EPERM", "EROFS", "EISDIR", "ENOTDIR"];

/** When a process began, in ticks since the boot; empty where there is none, 0 where nobody says. */
function startOf(pid: string): string {
  if (!isLinux) return "0";
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Its name, which may hold anything, ends at the last bracket.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return ""; // it is gone, which is an answer
  }
}

/** Where a process id means something: this run of the machine, and among these processes. */
function placeOf(): string {
  const place = isLinux
    ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8") + readlinkSync("/proc/self/ns/pid")
    : hostname();
  return createHash("sha256").update(place).digest("hex").slice(0, 8);
}
