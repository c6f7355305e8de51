/** Keeps the beginning and the end of what a command prints; memory stays flat. */
export interface KeptOutput {
  push(chunk: Uint8Array): void;
  /** All of it, or head and tail with a line between that says how much is left out. */
  text(): string;
}

/** As many bytes are kept of each end. */
const endBytes = 24 * 1024;
/** So far a cut moves to fall between two lines. */
const reach = 4 * 1024;
const newline = 10;

export function createKeptOutput(): KeptOutput {
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let total = 0;
  return {
    push(chunk) {
      total += chunk.length;
      const first = chunk.subarray(0, endBytes - head.length);
      if (first.length > 0) head = Buffer.concat([head, first]);
      const rest = chunk.subarray(first.length);
      if (rest.length === 0) return;
      // Concatenating copies, so a small end never keeps a large chunk alive.
      const last = rest.subarray(Math.max(0, rest.length - endBytes));
      tail = Buffer.concat([
        tail.subarray(Math.max(0, tail.length + last.length - endBytes)),
        last,
      ]);
    },
    text() {
      if (total === head.length + tail.length) return Buffer.concat([head, tail]).toString("utf8");
      const first = head.subarray(0, headCut(head));
      const last = tail.subarray(tailCut(tail));
      const left = total - first.length - last.length;
      const gap = first.at(-1) === newline ? "" : "\n";
      return `${first.toString("utf8")}${gap}[… ${left} bytes left out …]\n${last.toString("utf8")}`;
    },
  };
}

/** Where a head ends: behind a line, or at least before a character that was cut. */
function headCut(bytes: Buffer): number {
  const line = bytes.lastIndexOf(newline);
  if (line >= bytes.length - reach) return line + 1;
  let start = bytes.length - 1;
  while (start > bytes.length - 4 && isContinuation(bytes[start])) start--;
  return start + lengthOf(bytes[start] ?? 0) > bytes.length ? start : bytes.length;
}

/** Where a tail begins: at a line, or at least at a character. */
function tailCut(bytes: Buffer): number {
  const line = bytes.indexOf(newline);
  if (line >= 0 && line < reach) return line + 1;
  let start = 0;
  while (start < 4 && isContinuation(bytes[start])) start++;
  return start;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function lengthOf(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}
