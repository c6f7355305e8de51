import { dirname } from "node:path";
import type { Place, RunContext, ToolAnswer } from "../../core/tool/tool.ts";
import { answer, failure } from "./answer.ts";
import type { FileMemory } from "./file-memory.ts";
import { type FileNow, readFileNow } from "./read-file-now.ts";
import { replaceFile } from "./replace-file.ts";
import { shownPath } from "./shown-path.ts";
import type { TemporarySweep } from "./temporary-files.ts";
import { textDiff } from "./text-diff.ts";
import { whyNeverWritten } from "./why-never-written.ts";

/** What tools that change files share. */
export interface ChangeDeps {
  readonly sealed: readonly string[];
  readonly memory: FileMemory;
  readonly sweep: TemporarySweep;
}

/** New content for a file, and what to say of it; or why there is none. */
export type Revision =
  | { readonly bytes: Buffer; readonly said: string }
  | { readonly problem: string };

/** A change that is worked out when it is asked for, from what the file then holds. */
export interface FileChanger {
  preview(): Promise<string>;
  run(context: Pick<RunContext, "signal">): Promise<ToolAnswer>;
}

/**
 * Changes the file of a claim by what `revise` makes of it, where the session has
 * seen what it holds. A file that holds the new content already is left alone, seen
 * or not: so a write that was cut off can be run again.
 */
export function createFileChanger(
  path: string,
  { sessionId, cwd, closed }: Place,
  revise: (now: FileNow) => Revision,
  { sealed, memory, sweep }: ChangeDeps,
): FileChanger {
  const shown = shownPath(path, cwd);

  async function workOut() {
    // No rule lets it come so far; what is never written is worth a second look.
    const never = whyNeverWritten(path, closed);
    if (never !== undefined) return { problem: never };
    const found = await readFileNow(path, sealed);
    if ("problem" in found) return found;
    const { now } = found;
    const revision = revise(now);
    const isSame = "bytes" in revision && now?.bytes.equals(revision.bytes) === true;
    const unseen = isSame || !now?.bytes.length ? undefined : notSeen(now.digest);
    if (unseen !== undefined) return { problem: unseen };
    return "problem" in revision ? revision : { ...revision, now, isSame };
  }

  function notSeen(digest: string): string | undefined {
    const look = memory.look(sessionId, path, digest);
    if (look === "unseen") return "it is there, and you have not read it; read it first";
    return look === "changed" ? "it changed since you read it; read it again" : undefined;
  }

  return {
    async preview() {
      const found = await workOut();
      if ("problem" in found) return ""; // running it says so
      return textDiff(shown, found.now?.bytes, found.bytes);
    },
    async run({ signal }) {
      const found = await workOut();
      if ("problem" in found) return failure(`${shown}: ${found.problem}`);
      const { now, bytes, said, isSame } = found;
      if (isSame && now) {
        await sweep(dirname(path));
        memory.saw(sessionId, path, now.digest);
        return answer(`${shown}: it holds just that already`);
      }
      signal.throwIfAborted();
      await sweep(dirname(path));
      const mode = now && Number(now.stats.mode & 0o777n);
      const written = await replaceFile(path, { bytes, before: now, mode });
      if ("problem" in written) return failure(`${shown}: ${written.problem}`);
      memory.saw(sessionId, path, written.digest);
      const diff = await textDiff(shown, now?.bytes, bytes);
      const change = { path, before: now?.bytes, after: written.digest, diff, mode: mode ?? 0 };
      return { ...answer(`${shown}: ${said}${noteOf(now)}`), changes: [change] };
    },
  };
}

function noteOf(now: FileNow): string {
  if (now === undefined || now.stats.nlink === 1n) return "";
  return "; it was a hard link, and its other names keep what it held";
}
