import { execFile } from "node:child_process";
import { access, constants, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../base/errors.ts";
import type { Place } from "../../core/tool/tool.ts";
import { type Environment, isWithin, safePath } from "./command-environment.ts";
import { guardRoots } from "./guard-roots.ts";
import { type Found, find, findSecrets, foldersTo } from "./hidden-paths.ts";
import { createMountPoints } from "./mount-points.ts";
import { createPrivateTemp } from "./private-temp.ts";
import type { Sandbox, SandboxFinder, SandboxState } from "./sandbox.ts";

/**
 * Encloses commands by bubblewrap, where that is installed and works.
 *
 * B1: of the disk only the roots can be written, and `/tmp`, which is the session's own.
 *     Where a root or what is closed lies in the machine's `/tmp`, it is the call's
 *     own, and empty: nothing is ever mounted into a folder that commands can write.
 * B2: what is closed, the secrets of the home and the doors of the system cannot
 *     be read or reached. Masks come after every bind, so no root uncovers them.
 * B3: git's hooks and configuration and the project's agent files cannot be
 *     written, made or moved away, whether they are there or not. What would lead
 *     git to another configuration goes when the call ends.
 * B4: it has its own processes, and no network unless that was granted.
 * B5: it ends when the daemon does, with everything in it.
 *
 * Not kept: a repository below a root, and one that the command itself makes.
 * With the network granted, what listens on loopback can be reached. Where two
 * daemons share a root without agent files, the one whose call ends first takes
 * the other's guard of that folder away.
 */
export function createBubblewrap(options: { readonly environment: Environment }): SandboxFinder {
  let looked: Promise<SandboxState> | undefined;
  return {
    find() {
      looked ??= look(options.environment);
      return looked;
    },
  };
}

const execute = promisify(execFile);

/** A namespace for everything; nothing in it can make another user namespace. */
const apart = [
  ...["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--unshare-user"],
  ...["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"],
];
const strictly = [...apart, "--disable-userns"];
const alone = ["--unshare-net"];
const ground = ["--ro-bind", "/", "/"];
const own = ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/var/tmp", "--tmpfs", "/run"];
const covered = [...own, "--tmpfs", "/tmp"];
/** Covered whatever a root is; the folders for temporary files may be roots themselves. */
const isWide = (root: string) =>
  ["/dev", "/proc", "/run"].some((folder) => isWithin(folder, root)) ||
  ["/tmp", "/var/tmp"].some((folder) => folder !== root && isWithin(folder, root));

async function look(environment: Environment): Promise<SandboxState> {
  if (process.platform !== "linux") {
    return { works: false, why: "bubblewrap, which encloses commands, needs Linux" };
  }
  const program = await findProgram(safePath(environment["PATH"]));
  if (program === undefined) {
    return { works: false, why: "bubblewrap (bwrap) is not installed" };
  }
  let fault = "";
  // Versions before 0.8 do not know the stricter way.
  for (const flags of [strictly, apart]) {
    try {
      const words = [...flags, ...alone, ...ground, ...covered, "--", "true"];
      await execute(program, words, { timeout: 10_000, env: { PATH: safePath() } });
      return { works: true, sandbox: enclosing([program, ...flags], environment) };
    } catch (error) {
      fault = messageOf(error).trim().split("\n").at(-1) ?? "";
    }
  }
  return { works: false, why: `bubblewrap is installed, but does not work here: ${fault}` };
}

async function findProgram(path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, "bwrap");
    try {
      await access(file, constants.X_OK);
      return await realpath(file);
    } catch {
      // The next folder may have it.
    }
  }
  return undefined;
}

function enclosing(start: readonly string[], environment: Environment): Sandbox {
  const mountPoints = createMountPoints();
  const temp = createPrivateTemp();
  return {
    name: "bubblewrap",
    async enclose(place) {
      const [secrets, guard] = await Promise.all([
        findSecrets(environment["HOME"] ?? homedir()),
        guardRoots(place.roots, mountPoints),
      ]);
      const closed = await Promise.all(place.closed.map(find));
      const masked = [...secrets, ...closed.flatMap((one) => one ?? [])];
      const pinned = masked.flatMap(({ path }) => foldersTo(path, place.roots));
      const inTemp = [...place.roots, ...masked.map(({ path }) => path)].some((path) =>
        isWithin(path, "/tmp"),
      );
      const lasting = inTemp ? undefined : await temp.folderOf(place.sessionId);
      const words = [
        ...start,
        ...(place.hasNetwork ? [] : alone),
        ...ground,
        ...binds(place.roots.filter(isWide)),
        ...own,
        ...(lasting === undefined ? ["--tmpfs", "/tmp"] : ["--bind", lasting, "/tmp"]),
        ...(await namesOfHosts(place)),
        ...binds(place.roots.filter((root) => !isWide(root))),
        ...binds([...new Set(pinned)]),
        ...guard.words,
        ...masked.flatMap(mask),
        ...["--setenv", "TMPDIR", "/tmp", "--chdir", place.cwd, "--"],
      ];
      return { words, release: guard.release };
    },
  };
}

function binds(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => ["--bind", folder, folder]);
}

function mask({ path, isFolder }: Found): readonly string[] {
  if (!isFolder) return ["--ro-bind", "/dev/null", path];
  return ["--tmpfs", path, "--remount-ro", path];
}

/** With a network, names are looked up as the machine does: by a file that often lies in `/run`. */
async function namesOfHosts({ hasNetwork }: Place): Promise<readonly string[]> {
  const file = hasNetwork ? (await find("/etc/resolv.conf"))?.path : undefined;
  const programs = ["--ro-bind-try", "/run/current-system", "/run/current-system"];
  return file?.startsWith("/run/") ? [...programs, "--ro-bind", file, file] : programs;
}
