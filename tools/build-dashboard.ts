import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const sources = join(import.meta.dirname, "../clients/dashboard");

/** Why there is no dashboard to build here; undefined where there is one. */
export function whyNotBuilt(): string | undefined {
  if (!existsSync(join(sources, "vite.config.ts"))) return "clients/dashboard is not there";
  if (vitePath() === undefined) return "vite is not installed; run `npm ci` without --omit=dev";
  return undefined;
}

/** Where a daemon in a checkout finds it. */
const ownFolder = join(sources, "dist");

/** Builds the dashboard into a folder. What was there before stays until the new one is whole. */
export async function buildDashboard(folder: string = ownFolder): Promise<string> {
  const { build }: Pick<typeof import("vite"), "build"> = await import(
    pathToFileURL(vitePath() ?? "vite").href
  );
  const outDir = `${folder}-new`;
  await build({ root: sources, logLevel: "warn", build: { outDir, emptyOutDir: true } });
  await packAll(outDir);
  await rm(folder, { recursive: true, force: true });
  await rename(outDir, folder);
  return folder;
}

function vitePath(): string | undefined {
  try {
    const manifest = createRequire(join(sources, "package.json")).resolve("vite/package.json");
    return join(dirname(manifest), "dist/node/index.js");
  } catch {
    return undefined; // it is not installed
  }
}

const packable = new Set([".css", ".html", ".js", ".json", ".svg", ".webmanifest"]);
/** Smaller files gain nothing that a request would notice. */
const leastBytes = 1024;

/** Lays each file's packed twins beside it, once for all who will load it. */
async function packAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !packable.has(extname(entry.name))) continue;
    const file = join(entry.parentPath, entry.name);
    const content = await readFile(file);
    if (content.length < leastBytes) continue;
    const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } };
    await writeFile(`${file}.br`, brotliCompressSync(content, brotli));
    await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
}

if (import.meta.main) {
  const reason = whyNotBuilt();
  if (reason === undefined) await buildDashboard();
  else process.stderr.write(`The dashboard is not built: ${reason}.\n`);
}
