import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { agentFolder, guardedInGit } from "../../core/tool/guarded-paths.ts";
import { find } from "./hidden-paths.ts";
import type { MountPoints } from "./mount-points.ts";

/** Below `.git`, as files and folders to mount: patterns end where they begin to guess. */
const inGit = [...new Set(guardedInGit.map((path) => path.split("/**", 1)[0] ?? path))];

/**
 * Words that keep a command from what is guarded in its roots. Folders that are
 * missing are made to be mounted over, and go again.
 */
export async function guardRoots(roots: readonly string[], mountPoints: MountPoints) {
  const inRoots = await Promise.all(roots.map((root) => find(join(root, ".git"))));
  const repositories = inRoots.flatMap((git) => git ?? []);
  const folders = repositories.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  // Asked before anything is looked for: what another call made must be held, too.
  const { made, release } = mountPoints.hold([
    ...roots.map((root) => join(root, agentFolder)),
    ...folders.map((git) => join(git, "hooks")),
  ]);
  const guarded = [
    ...roots.map((root) => join(root, agentFolder)),
    ...folders.flatMap((git) => inGit.map((name) => join(git, name))),
  ].filter((path) => !made.includes(path));
  const found = (await Promise.all(guarded.map(find))).flatMap((one) => one ?? []);
  // A file cannot be kept from being made without leaving one that git would read.
  const leads = folders.map((git) => join(git, "commondir")).filter((path) => !existsSync(path));
  const words = [
    // Mounted on itself, a repository cannot be moved away to make room for another.
    ...repositories.flatMap(({ path, isFolder }) => [
      isFolder ? "--bind" : "--ro-bind",
      path,
      path,
    ]),
    ...found.flatMap(({ path }) => ["--ro-bind", path, path]),
    ...made.flatMap((path) => ["--tmpfs", path, "--remount-ro", path]),
  ];
  return {
    words,
    release() {
      release();
      for (const path of leads) rmSync(path, { recursive: true, force: true });
    },
  };
}
