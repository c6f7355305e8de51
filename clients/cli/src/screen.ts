import { fstatSync } from "node:fs";
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Colours a text where the stream shows colours, as NO_COLOR and FORCE_COLOR say. */
export type Paint = (style: Style, text: string) => string;

/**
 * Where a command writes: data to stdout, talk to stderr. Where both are one
 * terminal, pipe or file, neither breaks into a line of the other.
 */
export interface Screen {
  /** Colours for data. */
  readonly paint: Paint;
  /** Colours for talk. */
  readonly tint: Paint;
  /** Characters in a line of data; infinite where it is no terminal. */
  readonly columns: number;
  /** A piece of data. */
  write(text: string): void;
  /** A whole line of data. */
  print(line: string): void;
  /** A piece of talk. */
  murmur(text: string): void;
  /** A whole line of talk. */
  say(line: string): void;
  /** Ends a line of data that was begun. */
  closeData(): void;
  /** Ends a line of talk that was begun. */
  closeTalk(): void;
  /** Ends the lines that were begun. */
  close(): void;
}

type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly fd?: number;
};

export function createScreen(out: Output = process.stdout, err: Output = process.stderr): Screen {
  const isShared = goTogether(out, err);
  let isDataOpen = false;
  let isTalkOpen = false;
  const endData = () => {
    if (isDataOpen) out.write("\n");
    isDataOpen = false;
  };
  const endTalk = () => {
    if (isTalkOpen) err.write("\n");
    isTalkOpen = false;
  };
  const paintFor =
    (stream: Output): Paint =>
    (style, text) =>
      styleText(style, text, { stream });
  const write = (text: string) => {
    if (text === "") return;
    if (isShared) endTalk();
    out.write(text);
    isDataOpen = !text.endsWith("\n");
  };
  const murmur = (text: string) => {
    if (text === "") return;
    if (isShared) endData();
    err.write(text);
    isTalkOpen = !text.endsWith("\n");
  };
  return {
    paint: paintFor(out),
    tint: paintFor(err),
    columns: out.isTTY ? (out.columns ?? 80) : Number.POSITIVE_INFINITY,
    write,
    murmur,
    print(line) {
      endData();
      write(`${line}\n`);
    },
    say(line) {
      endTalk();
      murmur(`${line}\n`);
    },
    closeData: endData,
    closeTalk: endTalk,
    close() {
      endData();
      endTalk();
    },
  };
}

/** True where both are terminals, or the same pipe or file, as with `2>&1`. */
function goTogether(out: Output, err: Output): boolean {
  if (out.isTTY || err.isTTY) return Boolean(out.isTTY && err.isTTY);
  if (out.fd === undefined || err.fd === undefined) return false;
  try {
    const [a, b] = [fstatSync(out.fd), fstatSync(err.fd)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false; // one is closed
  }
}
