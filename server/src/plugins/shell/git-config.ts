import { posix } from "node:path";
import type { Disk } from "./scene.ts";

const risky =
  /^(core\.(fsmonitor|hookspath|pager|editor|sshcommand|askpass|worktree)|diff\.(external|.*\.(command|textconv))|filter\..*|merge\..*\.driver|pager\..*|alias\..*|include(if)?\..*|gpg\..*|credential\..*|interactive\.difffilter|sequence\.editor|uploadpack\..*)$/;

/** The first setting of a repository that may run a program when git only reads; undefined for none. */
export function runsPrograms(cwd: string, disk: Disk): string | undefined {
  for (let folder = cwd; ; folder = posix.dirname(folder)) {
    for (const path of configsOf(folder, disk)) {
      const text = disk.text(path);
      const found = text === undefined ? undefined : namesIn(text).find((name) => risky.test(name));
      if (found !== undefined) return found;
    }
    if (folder === "/" || disk.names(folder).includes(".git")) return undefined;
  }
}

/** Of the folder's repository, of a worktree's own, and of one that lies bare here. */
function configsOf(folder: string, disk: Disk): readonly string[] {
  const pointer = disk.text(posix.join(folder, ".git"));
  const at = pointer === undefined ? undefined : /^gitdir: (.*)$/m.exec(pointer)?.[1];
  const own = at === undefined ? posix.join(folder, ".git") : posix.resolve(folder, at);
  const common = disk.text(posix.join(own, "commondir"))?.trim();
  const folders = common === undefined ? [own] : [own, posix.resolve(own, common)];
  return folders.flatMap((one) => [posix.join(one, "config"), posix.join(one, "config.worktree")]);
}

/** The names that a configuration sets, in lower case: `section.sub.key`. */
function namesIn(text: string): readonly string[] {
  let section = "";
  const names: string[] = [];
  for (const line of text.split("\n")) {
    const head = /^\s*\[\s*([\w.-]+)(?:\s+"(.*)")?\s*\](.*)$/.exec(line);
    if (head) section = [head[1], head[2]].filter((one) => one !== undefined).join(".");
    const key = /^\s*([A-Za-z][\w-]*)\s*(=|$)/.exec(head?.[3] ?? line)?.[1];
    if (key !== undefined) names.push(`${section}.${key}`.toLowerCase());
  }
  return names;
}
