import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { link, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * A root with all that leads out of it, and what lies outside. Every file says of
 * itself what its real path is: so what was read tells where it was read.
 */
export interface PathTree extends AsyncDisposable {
  readonly base: string;
  readonly root: string;
  /** The daemon's home, inside the root. */
  readonly home: string;
  /** A file of it that no tool may open. */
  readonly store: string;
  /** Every file and link below the base, and what it holds. */
  picture(): ReadonlyMap<string, string>;
  /** Makes what was changed as it was, and fails where that is not all that changed. */
  mend(changed: readonly string[]): Promise<void>;
}

export async function createPathTree(): Promise<PathTree> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "daphnia-paths-")));
  const root = join(base, "root");
  const home = join(root, "home");
  const store = join(home, "daphnia.db");
  for (const name of files) await write(join(base, name));
  for (const [name, target] of links) {
    await symlink(target.replace("{base}", base), join(root, name));
  }
  await link(store, join(root, "innocent.db"));
  const first = new Map(entriesOf(base));
  const folders = new Set([base, ...[...first.keys()].map((path) => dirname(path))]);
  return {
    base,
    root,
    home,
    store,
    picture: () => new Map(entriesOf(base)),
    async mend(changed) {
      for (const path of changed) {
        let gone = path;
        while (!folders.has(dirname(gone))) gone = dirname(gone);
        await rm(gone, { recursive: true, force: true });
        const holds = first.get(path);
        if (holds?.startsWith("-> ")) await symlink(holds.slice(3), path);
        else if (holds !== undefined) await write(path);
      }
      assert.deepEqual(new Map(entriesOf(base)), first);
    },
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  };
}

const files = [
  ...["outside/secret.txt", "outside/dir/secret.txt", "root-evil/secret.txt", "lib/l.txt"],
  ...["root/a.txt", "root/sub/b.txt", "root/sub/deep/c.txt", "root/home/token"],
  ...["root/home/daphnia.db", "root/.git/hooks/pre-commit", "root/.git/config"],
  ...["root/.daphnia/rules.toml"],
];

const links: readonly (readonly [name: string, target: string])[] = [
  ["link-in", "a.txt"],
  ["dir-in", "sub"],
  ["abs-in", "{base}/root/sub"],
  ["to-root", "."],
  ["round", "../root"],
  ["chain-in", "link-in"],
  ["link-out", "../outside/secret.txt"],
  ["dir-out", "../outside"],
  ["abs-out", "{base}/outside"],
  ["chain", "chain2"],
  ["chain2", "dir-out"],
  ["up", ".."],
  ["evil", "../root-evil"],
  ["slash", "/"],
  ["sub/out", "../../outside"],
  ["dangling-in", "missing.txt"],
  ["dangling-out", "../outside/missing.txt"],
  ["dangling-dir", "../outside/missing"],
  ["loop", "loop"],
  ["loop-a", "loop-b"],
  ["loop-b", "loop-a"],
  ["proc-root", "/proc/self/root"],
  ["proc-cwd", "/proc/self/cwd"],
  ["dev-fd", "/dev/fd"],
  ["dir-git", ".git"],
  ["hooks-link", ".git/hooks"],
  ["home-link", "home"],
  ["token-link", "home/token"],
];

async function write(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `I am ${path}\n`);
}

function* entriesOf(folder: string): Generator<[path: string, holds: string]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* entriesOf(path);
    else if (entry.isSymbolicLink()) yield [path, `-> ${readlinkSync(path)}`];
    else yield [path, readFileSync(path, "utf8")];
  }
}
