import { isUtf8 } from "node:buffer";
import { createLineSplitter, type Line } from "./line-splitter.ts";

/** The lines of a page, and what there is to say about them. */
export interface TextPage {
  readonly lines: readonly string[];
  /** True when the file goes on behind the last line. */
  readonly hasMore: boolean;
  /** Lines that the file has, as far as it was read. */
  readonly seen: number;
  readonly hasCrlf: boolean;
  readonly isUtf8: boolean;
}

/** What is read by position: a file, or something like one. */
export interface ByteSource {
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
}

/** Bytes of one page at most, line numbers included: what a model reads at once. */
export const maxPageBytes = 46 * 1024;

/** Characters of one line at most. */
export const maxLineLength = 2000;

/**
 * Reads at most `limit` lines from line `offset` on (the first is 1). Holds one
 * page and one chunk, whatever the size of the file, and stops where the page does.
 */
export async function readTextPage(
  file: ByteSource,
  offset: number,
  limit: number,
  signal: AbortSignal,
): Promise<TextPage> {
  const splitter = createLineSplitter(newline, maxLineBytes);
  const page = createPage(offset, limit);
  let before = offset - 1; // lines still to pass over
  let isInLine = false;
  for await (const chunk of chunksOf(file, signal)) {
    const passed = passOver(chunk, before);
    before -= passed.lines;
    isInLine = chunk.at(-1) !== newline;
    if (before > 0) continue;
    if (!splitter.push(passed.rest).every(page.take)) break;
    if (page.isFull() && splitter.pending() > 0) break;
  }
  if (before === 0) splitter.end().every(page.take);
  return page.result(offset - 1 - before + (before > 0 && isInLine ? 1 : 0));
}

const newline = 10;
const carriageReturn = 13;

/** 2000 UTF-16 units are at most 6000 bytes; what is cut off behind them is never shown. */
const maxLineBytes = 3 * maxLineLength + 100;

async function* chunksOf(file: ByteSource, signal: AbortSignal): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  for (let position = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function passOver(chunk: Buffer, most: number): { lines: number; rest: Buffer } {
  let lines = 0;
  let start = 0;
  while (lines < most) {
    const end = chunk.indexOf(newline, start);
    if (end === -1) break;
    start = end + 1;
    lines++;
  }
  return { lines, rest: chunk.subarray(start) };
}

function createPage(offset: number, limit: number) {
  const lines: string[] = [];
  let bytes = 0;
  let hasMore = false;
  let hasCrlf = false;
  let onlyUtf8 = true;
  return {
    isFull: () => lines.length === limit,
    /** Adds a line, or says that there is no room for it and for any after it. */
    take(line: Line): boolean {
      const number = offset + lines.length;
      const text = `${String(number).padStart(6)}\t${textOf(line, number === 1)}`;
      bytes += Buffer.byteLength(text) + 1;
      hasMore ||= lines.length === limit || bytes > maxPageBytes;
      if (hasMore) return false;
      lines.push(text);
      const isWhole = line.bytes.length === line.length;
      hasCrlf ||= isWhole && line.bytes.at(-1) === carriageReturn;
      onlyUtf8 &&= !isWhole || isUtf8(line.bytes);
      return true;
    },
    result(before: number): TextPage {
      return { lines, hasMore, seen: before + lines.length, hasCrlf, isUtf8: onlyUtf8 };
    },
  };
}

function textOf(line: Line, isFirst: boolean): string {
  const isWhole = line.bytes.length === line.length;
  const end =
    isWhole && line.bytes.at(-1) === carriageReturn ? line.bytes.length - 1 : line.bytes.length;
  const start = isFirst && line.bytes.subarray(0, 3).toString("hex") === "efbbbf" ? 3 : 0;
  const text = line.bytes.toString("utf8", start, end);
  if (isWhole && text.length <= maxLineLength) return text;
  const shown = text.slice(0, maxLineLength).replace(/[\uD800-\uDBFF]$/, "");
  return `${shown} … [line cut here; it has ${line.length} bytes]`;
}
