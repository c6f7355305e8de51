import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { pathsOf } from "@daphnia/client/home";
import { Complaint } from "../complaint.ts";
import { plain } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { catchInterrupts } from "../interrupts.ts";
import { logLine } from "../log-line.ts";
import { createScreen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";

export interface LogsOptions extends Globals {
  readonly follow?: boolean;
  readonly lines: number;
}

/** Milliseconds between two looks at the file. */
const lookEvery = 200;
/** Bytes from the end that are looked through for the last lines. */
const mostTail = 4 * 1024 * 1024;
const chunk = 64 * 1024;

/** Shows the end of a home's daemon log, and what is added to it. */
export async function logs(options: LogsOptions): Promise<number> {
  const target = targetOf(options);
  if (target.kind === "url") {
    const what = "the log of a daemon at a url is on its machine";
    throw new Complaint(exitCodes.usage, what, "name a home of this one with --home");
  }
  const { log } = pathsOf({ home: target.home });
  const screen = createScreen();
  const show = (line: string) =>
    screen.print(options.json ? plain(line) : logLine(line, screen.paint));
  const leave = new AbortController();
  const release = catchInterrupts(
    () => leave.abort(),
    () => process.exit(exitCodes.canceled),
  );
  let file = await openLog(log);
  try {
    const { size } = await file.stat();
    const tail = await readRange(file, Math.max(0, size - mostTail), size);
    const lines = tail.split("\n");
    let rest = lines.pop() ?? "";
    for (const line of lines.slice(-options.lines)) show(line);
    let offset = size;
    while (options.follow && !leave.signal.aborted) {
      await pause(lookEvery, undefined, { signal: leave.signal }).catch(() => {}); // Ctrl-C
      const { size: now } = await file.stat();
      const added = (rest + (await readRange(file, offset, now))).split("\n");
      offset = Math.max(offset, now);
      rest = added.pop() ?? "";
      for (const line of added) show(line);
      const next = await successor(log, file, offset);
      if (next === undefined) continue;
      await file.close();
      [file, offset, rest] = [next, 0, ""];
    }
    return exitCodes.ok;
  } finally {
    release();
    await file.close();
  }
}

async function openLog(log: string): Promise<FileHandle> {
  return open(log).catch((error: unknown) => {
    throw new Complaint(
      exitCodes.noDaemon,
      `there is no log at ${log}`,
      "no daemon ran there yet",
      {
        cause: error,
      },
    );
  });
}

/** The file that took the log's place when it was rotated or emptied. */
async function successor(
  log: string,
  file: FileHandle,
  offset: number,
): Promise<FileHandle | undefined> {
  const next = await open(log).catch(() => undefined); // between two names there is none
  if (next === undefined) return undefined;
  const [mine, others] = [await file.stat(), await next.stat()];
  if (mine.ino !== others.ino || others.size < offset) return next;
  await next.close();
  return undefined;
}

async function readRange(file: FileHandle, from: number, to: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let at = from; at < to; ) {
    const { bytesRead, buffer } = await file.read({
      buffer: Buffer.alloc(Math.min(chunk, to - at)),
      position: at,
    });
    if (bytesRead === 0) break;
    at += bytesRead;
    text += decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
  }
  return text + decoder.decode();
}
