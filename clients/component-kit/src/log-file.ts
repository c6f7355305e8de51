import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

type Fields = Readonly<Record<string, unknown>>;

/** Where a component says what it does. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** A log that is kept in a file. */
export interface LogFile extends Log {
  /** The same log, with these fields on each of its lines. */
  with(fields: Fields): Log;
}

export interface LogOptions {
  /** Told each line as well. */
  readonly echo?: (line: string) => void;
  /** Bytes after which the file is put aside; default 5 MiB. One older file is kept. */
  readonly limit?: number;
}

/** The daemon's own levels, so that one reader shows both logs. */
const levels = { info: 30, warn: 40, error: 50 } as const;

/**
 * Opens a log of JSON lines, which only this user can read. It goes on where it ended, and
 * stays open as long as the process: a handler that outlives everything may still write.
 */
export function openLog(path: string, options: LogOptions = {}): LogFile {
  const { echo, limit = 5 * 1024 * 1024 } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let file = openSync(path, "a", 0o600);
  let size = fstatSync(file).size;

  function write(level: keyof typeof levels, message: string, fields: Fields): void {
    const time = new Date().toISOString();
    const line = JSON.stringify({ level: levels[level], time, ...plain(fields), msg: message });
    if (size >= limit) putAside();
    size += writeSync(file, `${line}\n`);
    echo?.(line);
  }

  function putAside(): void {
    renameSync(path, `${path}.1`);
    closeSync(file);
    file = openSync(path, "a", 0o600);
    size = 0;
  }

  const at = (fixed: Fields): Log => ({
    info: (message, fields) => write("info", message, { ...fixed, ...fields }),
    warn: (message, fields) => write("warn", message, { ...fixed, ...fields }),
    error: (message, fields) => write("error", message, { ...fixed, ...fields }),
  });
  return { ...at({}), with: at };
}

/** Errors by what they say: JSON knows nothing of them. */
function plain(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? { message: value.message, stack: value.stack } : value,
    ]),
  );
}
