import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../base/errors.ts";
import { type Found, fail, ok, warn } from "./finding.ts";
import type { Home } from "./home.ts";

const leastNode = [24, 15] as const;
const MiB = 1024 * 1024;
const littleSpace = 1024 * MiB;
const noSpace = 64 * MiB;
/** No daemon was ever run before this. */
const earliest = Date.UTC(2026, 0, 1);

export function checkNode(version = process.versions.node): Found {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isFit = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  if (isFit) return ok("node", `Node.js ${version}`);
  const wanted = leastNode.join(".");
  return fail(
    "node",
    `Node.js ${version} is too old, ${wanted} is needed`,
    `install Node.js ${wanted} or newer from https://nodejs.org`,
  );
}

/** The home's folder: whose it is, who may read it, whether it can be written. */
export async function checkHomeFolder({ path }: Home): Promise<Found> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    if (found.code === "ENOENT") return ok("home", `${path} is made at the first start`);
    return fail("home", `${path} cannot be read: ${messageOf(found)}`, `chmod u+rwx ${path}`);
  }
  if (!found.isDirectory()) {
    return fail("home", `${path} is no folder`, "move it away, or set DAPHNIA_HOME");
  }
  const me = process.getuid?.();
  if (me !== undefined && found.uid !== me) {
    const whose = `${path} belongs to user ${found.uid}, this is user ${me}`;
    return fail("home", whose, `sudo chown -R ${me} ${path}`);
  }
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return fail("home", `${path} cannot be used: ${messageOf(error)}`, `chmod u+rwx ${path}`);
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    return warn("home", `${path} is open to others (mode ${mode})`, `chmod 700 ${path}`);
  }
  return ok("home", path);
}

/** The space left where the home is, or will be. */
export async function checkSpace({ path }: Home): Promise<Found> {
  const { bavail, bsize } = await statfs(await nearestFolder(path));
  const free = bavail * bsize;
  const message = `${Math.floor(free / MiB)} MiB free`;
  if (free < noSpace) return fail("disk", message, `make space where ${path} is`);
  if (free < littleSpace) return warn("disk", message, `make space where ${path} is`);
  return ok("disk", message);
}

/** The clock against what cannot be in its future. */
export async function checkClock({ database }: Home, now = Date.now()): Promise<Found> {
  const remedy = "set the clock: timedatectl set-ntp true";
  const shown = new Date(now).toISOString();
  if (now < earliest) return fail("clock", `the clock says ${shown}`, remedy);
  const written = await stat(database).catch(() => undefined); // a new home has none
  if (written !== undefined && written.mtimeMs > now + 60_000) {
    const last = written.mtime.toISOString();
    return warn("clock", `the clock says ${shown}, the store was written at ${last}`, remedy);
  }
  return ok("clock", shown);
}

async function nearestFolder(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : nearestFolder(dirname(path));
}
