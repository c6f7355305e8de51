import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { relative } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { createLineSplitter } from "./line-splitter.ts";
import type { Pin } from "./pin-path.ts";
import { isInside } from "./shown-path.ts";

/** What ripgrep is asked to do. */
export interface RipgrepSearch {
  /** Options, and the pattern behind `--`; where to look is added. */
  readonly words: readonly string[];
  /** One folder to walk, or the files to look into; their names are `inheritedName`. */
  readonly pins: readonly Pin[];
  /** The byte that ends a record of the output. */
  readonly separator: number;
  /** Takes one record, or says with false that it has enough. */
  readonly take: (record: string) => boolean;
}

/** How a search ended. */
export interface RipgrepEnd {
  /** What ripgrep complained of, shortened; empty when it did not. */
  readonly complaint: string;
  /** True when something could not be read, or the search itself is wrong. */
  readonly hasErrors: boolean;
  readonly timedOut: boolean;
}

/**
 * Runs ripgrep in a process group of its own.
 *
 * R1: when `run` settles, its process is gone and its whole group was killed.
 * R2: it never follows a symbolic link, reads no configuration and inherits no
 *     environment; a folder is its working folder and files are its descriptors,
 *     so neither is found by name again. But what lies in a folder is: a link may
 *     have come into its place when it is opened.
 * R3: a canceled run rejects with the signal's reason.
 */
export interface Ripgrep {
  run(search: RipgrepSearch, signal: AbortSignal): Promise<RipgrepEnd>;
}

/**
 * Without `program` it is the one that comes with the daemon. Stops after `timeout`
 * ms, and enters no folder of `closed`.
 */
export function createRipgrep(
  options: {
    readonly program?: string;
    readonly timeout?: number;
    readonly closed?: readonly string[];
  } = {},
): Ripgrep {
  const { timeout = 30_000, closed = [] } = options;
  return {
    async run(search, signal) {
      const program = options.program ?? (await import("@vscode/ripgrep")).rgPath;
      signal.throwIfAborted();
      const child = start(program, search, closed);
      let timedOut = false;
      const stop = () => killGroup(child);
      const timer = setTimeout(() => {
        timedOut = true;
        stop();
      }, timeout);
      signal.addEventListener("abort", stop, { once: true });
      try {
        await once(child, "spawn");
        const closed = once(child, "close");
        const complaint = collect(child);
        await drain(child, search, stop);
        const [code] = await closed;
        signal.throwIfAborted();
        return { complaint: complaint(), hasErrors: code === 2, timedOut };
      } catch (error) {
        signal.throwIfAborted();
        const complaint = `ripgrep could not start, or may not enter the folder: ${messageOf(error)}`;
        return { complaint, hasErrors: true, timedOut };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        stop();
      }
    },
  };
}

const maxRecordBytes = 64 * 1024;
const maxComplaintBytes = 4096;
const descriptors = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";

/** What ripgrep calls a file that it was handed. */
export const inheritedName = (index: number) => `${descriptors}/${index + 3}`;

/** Hidden files count, git's own do not; what git ignores is left out. */
const always = ["--no-config", "--hidden", "--glob=!.git", "--no-ignore-global", "--color=never"];

function start(
  program: string,
  { words, pins }: RipgrepSearch,
  closed: readonly string[],
): ChildProcess {
  const folder = pins.find(({ stats }) => stats.isDirectory());
  const where = folder ? ["./"] : pins.map((_, i) => inheritedName(i));
  return spawn(program, [...always, ...closedWords(folder, closed), ...words, ...where], {
    cwd: folder?.route ?? "/",
    env: {},
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(folder ? [] : pins.map(({ descriptor }) => descriptor))],
  });
}

function closedWords(folder: Pin | undefined, closed: readonly string[]): string[] {
  if (folder === undefined) return [];
  return closed
    .filter((one) => isInside(folder.path, one))
    .map((one) => `--glob=!/${relative(folder.path, one).replace(/[\\*?[\]{}!]/g, "\\$&")}`);
}

function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stderr?.on("data", (chunk: Buffer) => {
    if (bytes < maxComplaintBytes) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8").slice(0, maxComplaintBytes).trim();
}

async function drain(child: ChildProcess, search: RipgrepSearch, stop: () => void): Promise<void> {
  const splitter = createLineSplitter(search.separator, maxRecordBytes);
  for await (const chunk of child.stdout ?? []) {
    const records = splitter.push(chunk);
    if (records.every(({ bytes }) => search.take(bytes.toString("utf8")))) continue;
    stop();
    return;
  }
  splitter.end().every(({ bytes }) => search.take(bytes.toString("utf8")));
}

function killGroup(child: ChildProcess): void {
  const isOver = child.exitCode !== null || child.signalCode !== null;
  if (child.pid === undefined || isOver) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group ended by itself before anybody noticed.
  }
}
