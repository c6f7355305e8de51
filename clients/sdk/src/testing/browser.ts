import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

/** Where distributions and people put a Chromium. */
const usual = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Why no browser can be started here; undefined where one can. In CI there must be one. */
export function missingBrowser(): string | undefined {
  if (process.env["CI"] || installed() !== undefined) return undefined;
  if (process.platform === "linux" && process.arch === "x64") return undefined;
  return "needs a browser: install Chromium, or name one in DAPHNIA_CHROMIUM";
}

/**
 * A headless browser with its checks of origins on: the machine's, or on x64 Linux the one
 * from npm. Close it when the test is over.
 */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: installed() ?? (await unpacked()),
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}

function installed(): string | undefined {
  return process.env["DAPHNIA_CHROMIUM"] || usual.find((path) => existsSync(path));
}

/**
 * The browser of npm's package. The package unpacks in place, so that two processes get in each
 * other's way and a killed one leaves half a file: here a whole folder is moved into its place.
 */
async function unpacked(): Promise<string> {
  const root = resolve(import.meta.dirname, "../../../..");
  const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  const about: { version?: unknown } = JSON.parse(
    await readFile(join(folderOf(entry), "package.json"), "utf8"),
  );
  const cache = join(root, "node_modules", ".cache");
  const folder = join(cache, `chromium-${about.version}`);
  if (!existsSync(folder)) await unpackTo(folder, cache, root);
  return join(folder, "chromium");
}

/** The package's folder: the nearest one above with a package.json. */
function folderOf(file: string): string {
  const folder = dirname(file);
  return existsSync(join(folder, "package.json")) ? folder : folderOf(folder);
}

const program =
  'const { default: chromium } = await import("@sparticuz/chromium"); await chromium.executablePath();';

async function unpackTo(folder: string, cache: string, root: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, "chromium-"));
  try {
    await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
      cwd: root,
      env: { ...process.env, TMPDIR: fresh, TEMP: fresh, TMP: fresh },
    });
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // another process was first, and did the same
  }
}
