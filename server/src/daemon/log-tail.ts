import { type FileHandle, open, stat } from "node:fs/promises";
import type { Bells } from "../base/bells.ts";
import { logBell } from "./log.ts";
import { logFiles } from "./log-files.ts";

const pieceBytes = 64 * 1024;
/** Milliseconds without a line after which an empty batch is told. */
const heartbeat = 15_000;

/** The last lines of a log, and those that follow where that is asked. */
export async function* tailLog(
  path: string,
  options: {
    readonly lines: number;
    readonly follow: boolean;
    readonly bells: Bells;
    /** Milliseconds between two looks at a log for which no bell rings. */
    readonly every?: number;
  },
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const ear = options.bells.listen([logBell], signal);
  let place: Place | undefined;
  let quiet = 0;
  try {
    place = await startOf(path, options.lines);
    while (!signal.aborted) {
      ear.clear();
      const lines = place && (await readLines(place));
      if (lines !== undefined) {
        yield lines;
        continue;
      }
      const next: Place | undefined = await fileAfter(path, place);
      if (next !== undefined) {
        await place?.file.close();
        place = next;
        continue;
      }
      if (!options.follow) return;
      const { wakes } = ear;
      const pause = options.every ?? heartbeat;
      await ear.wait(pause);
      quiet = ear.wakes === wakes ? quiet + pause : 0;
      if (quiet < heartbeat) continue;
      quiet = 0;
      yield [];
    }
  } finally {
    ear.close();
    await place?.file.close();
  }
}

const newline = 0x0a;

/** Where a reader is. The file stays open, so it may be put aside meanwhile. */
interface Place {
  readonly file: FileHandle;
  readonly ino: number;
  offset: number;
}

async function openPlace(path: string, offset: number): Promise<Place | undefined> {
  const file = await open(path, "r").catch(() => undefined); // it may not be there, or not yet
  return file && { file, ino: (await file.stat()).ino, offset };
}

/** The next whole lines; undefined at the file's end. What is no whole line yet is read again. */
async function readLines(place: Place): Promise<readonly string[] | undefined> {
  for (let size = pieceBytes; ; size *= 2) {
    const { buffer, bytesRead } = await place.file.read(Buffer.alloc(size), 0, size, place.offset);
    const end = buffer.lastIndexOf(newline, bytesRead - 1) + 1;
    if (bytesRead === 0 || (end === 0 && bytesRead < size)) return undefined;
    if (end === 0) continue;
    place.offset += end;
    return buffer
      .subarray(0, end - 1)
      .toString("utf8")
      .split("\n");
  }
}

/** The file that was begun when this one was full; the oldest there is, when this one is gone. */
async function fileAfter(path: string, place: Place | undefined): Promise<Place | undefined> {
  const files = logFiles(path);
  const inos = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ ino }) => ino,
        () => undefined,
      ),
    ),
  );
  const mine = inos.indexOf(place?.ino);
  if (mine === 0) return undefined;
  const at = mine > 0 ? mine - 1 : inos.findLastIndex((ino) => ino !== undefined);
  const next = files[at];
  return next === undefined ? undefined : openPlace(next, 0);
}

/** The place that has so many lines behind it, or the oldest there is. */
async function startOf(path: string, lines: number): Promise<Place | undefined> {
  let missing = lines;
  let start: Place | undefined;
  for (const file of logFiles(path)) {
    const place = await openPlace(file, 0);
    if (place === undefined) return start;
    await start?.file.close();
    start = place;
    const found = await lineFromEnd(place, missing);
    if (found.lines >= missing) {
      place.offset = found.offset;
      return place;
    }
    missing -= found.lines;
  }
  return start;
}

/** Reads a file from its end until so many lines are behind the place, or it begins. */
async function lineFromEnd({ file }: Place, lines: number) {
  let end = (await file.stat()).size;
  let count = 0;
  while (end > 0) {
    const start = Math.max(0, end - pieceBytes);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let i = buffer.length - 1; i >= 0; i--) {
      // The newline that closes the line above the wanted ones.
      if (buffer[i] === newline && ++count > lines) return { lines, offset: start + i + 1 };
    }
    end = start;
  }
  return { lines: count, offset: 0 };
}
