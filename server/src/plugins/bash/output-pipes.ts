import { execFile } from "node:child_process";
import { constants, open } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Both ends of a pipe. */
export interface OutputPipe {
  readonly output: Socket;
  /** For the child's standard output and error; closed here once the child has it. */
  readonly descriptor: number;
}

/**
 * Makes real pipes. What Node gives a child is a pair of sockets: a command could
 * not open `/dev/stderr`, and two of them would lose the order of what is printed.
 * They are made a few at once, and nothing of them stays on disk.
 */
export interface OutputPipes {
  take(): Promise<OutputPipe>;
}

const atOnce = 8;

export function createOutputPipes(): OutputPipes {
  const spare: Pair[] = [];
  return {
    async take() {
      while (spare.length === 0) spare.push(...(await make()));
      const pair = spare.pop();
      if (pair === undefined) throw new Error("a pipe vanished between two lines");
      const output = new Socket({ fd: pair.readable, readable: true, writable: false });
      return { output, descriptor: pair.writable };
    },
  };
}

interface Pair {
  readonly readable: number;
  readonly writable: number;
}

const openDescriptor = promisify(open);
const execute = promisify(execFile);

async function make(): Promise<Pair[]> {
  const folder = await mkdtemp(join(tmpdir(), "daphnia-pipes-"));
  try {
    const paths = Array.from({ length: atOnce }, (_, i) => join(folder, String(i)));
    await execute("mkfifo", ["-m", "600", ...paths]);
    const pairs: Pair[] = [];
    for (const path of paths) {
      // The reader first: opening for writing waits until there is one.
      const readable = await openDescriptor(path, constants.O_RDONLY | constants.O_NONBLOCK);
      pairs.push({ readable, writable: await openDescriptor(path, constants.O_WRONLY) });
    }
    return pairs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
