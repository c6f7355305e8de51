/** One line without its separator: its first bytes, and how many it has in all. */
export interface Line {
  readonly bytes: Buffer;
  readonly length: number;
}

/** Cuts chunks into lines, holding at most `keep` bytes of any line. */
export interface LineSplitter {
  /** The lines that the chunk ends. They may share its memory. */
  push(chunk: Buffer): Line[];
  /** Bytes seen of the line that has not ended. */
  pending(): number;
  /** The last line, when it has no separator. */
  end(): Line[];
}

export function createLineSplitter(separator: number, keep: number): LineSplitter {
  let held = Buffer.alloc(0);
  let length = 0;

  function finish(rest: Buffer): Line {
    const whole = length + rest.length;
    const room = rest.subarray(0, keep - held.length);
    const line = { bytes: held.length === 0 ? room : Buffer.concat([held, room]), length: whole };
    held = Buffer.alloc(0);
    length = 0;
    return line;
  }

  return {
    push(chunk) {
      const lines: Line[] = [];
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(separator, start);
        if (end === -1) break;
        lines.push(finish(chunk.subarray(start, end)));
        start = end + 1;
      }
      const rest = chunk.subarray(start);
      length += rest.length;
      if (held.length < keep) held = Buffer.concat([held, rest.subarray(0, keep - held.length)]);
      return lines;
    },
    pending: () => length,
    end: () => (length === 0 ? [] : [{ bytes: held, length }]),
  };
}
