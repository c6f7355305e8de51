import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** What is measured, laid out as the package that people install. */
export interface BenchPackage {
  /** The bundle itself. */
  readonly bundle: string;
  /** The package's command, which runs the bundle with a compile cache. */
  readonly command: string;
  /** The command of this checkout, which runs the sources. */
  readonly checkoutCommand: string;
  /** Where the command keeps compiled code. */
  readonly compileCache: string;
}

export const repository = join(import.meta.dirname, "../..");
/** Kept from run to run; safe to remove. */
export const cacheFolder = join(repository, "node_modules/.cache/daphnia-bench");

const dist = join(repository, "clients/cli/dist");
const sources = ["server/src", "clients/cli/src", "clients/sdk/src", "gen/src", "tools"];

/** Builds the bundle where it is older than the sources, and copies it: a build meanwhile changes nothing. */
export function prepareBenchPackage(): BenchPackage {
  if (isStale()) {
    const built = spawnSync(process.execPath, ["tools/bundle.ts"], {
      cwd: repository,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (built.status !== 0) throw new Error("the bundle does not build");
  }
  const folder = join(cacheFolder, "package");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ["bin", "dist", "package.json"]) {
    cpSync(join(repository, "clients/cli", name), join(folder, name), { recursive: true });
  }
  return {
    bundle: join(folder, "dist/daphnia.js"),
    command: join(folder, "bin/daphnia.js"),
    checkoutCommand: join(repository, "node_modules/.bin/daphnia"),
    compileCache: join(cacheFolder, "compiled"),
  };
}

function isStale(): boolean {
  const built = statSync(join(dist, "daphnia.js"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const patterns = sources.map((folder) => `${folder}/**/*.{ts,js}`);
  return globSync(patterns, { cwd: repository }).some(
    (file) => (statSync(join(repository, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) > built,
  );
}
