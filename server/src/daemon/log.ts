import { fstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { pino } from "pino";
import { type Bells, createBells } from "../base/bells.ts";
import { rotate } from "./log-files.ts";
import { systemClock } from "./system.ts";

/** What the daemon tells its operator. Never a message object: bigints do not print. */
export interface DaemonLog {
  info(fields: Record<string, unknown>, text: string): void;
  warn(fields: Record<string, unknown>, text: string): void;
  error(fields: Record<string, unknown>, text: string): void;
  /** Writes what waits; nothing may be logged after it. */
  flush(): void;
}

/** The daemon's log as the daemon itself handles it. */
export interface LogFile extends DaemonLog {
  /** Rings `logBell` for each line. */
  readonly bells: Bells;
  setLevel(level: string): void;
  /** Takes secrets out of each line from now on. */
  redactBy(clean: (line: string) => string): void;
}

export const logBell = "log";

/** Bytes after which a log file is put aside. */
const mostBytes = 10 * 1024 * 1024;

/**
 * JSON lines into a file, or to stderr when `path` is undefined. Each line is
 * written when it is logged; a full file is put aside, and the oldest goes.
 */
export function openDaemonLog(path: string | undefined, level: string, most = mostBytes): LogFile {
  const bells = createBells(systemClock);
  const out = path === undefined ? { write: toStderr } : openLogLines(path, most);
  let clean = (line: string) => line;
  const stream = {
    write(line: string) {
      // The line's end is kept whatever becomes of the line.
      out.write(`${clean(line.slice(0, -1))}\n`);
      bells.ring(logBell);
    },
  };
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    bells,
    info: (fields, text) => log.info(fields, text),
    warn: (fields, text) => log.warn(fields, text),
    error: (fields, text) => log.error(fields, text),
    flush() {}, // every line is written at once
    setLevel(next) {
      log.level = next;
    },
    redactBy(next) {
      clean = next;
    },
  };
}

function toStderr(line: string): void {
  process.stderr.write(line);
}

/** Where lines go: a file that is put aside when it is full. */
export interface LogLines {
  write(lines: string): void;
}

export function openLogLines(path: string, most = mostBytes): LogLines {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const open = () => openSync(path, "a", 0o600);
  let fd = open();
  let size = fstatSync(fd).size;
  return {
    write(line: string) {
      const bytes = Buffer.from(line);
      try {
        if (size > 0 && size + bytes.length > most) {
          fd = rotate(path, fd, open);
          size = fstatSync(fd).size;
        }
        writeSync(fd, bytes);
        size += bytes.length;
      } catch {
        // A full disk must not stop the daemon; the store says what is wrong with it.
      }
    },
  };
}
