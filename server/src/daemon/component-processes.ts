import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A process with its group, as it is known again after the daemon's end. */
export interface KnownProcess {
  readonly pid: number;
  readonly startTime: string;
}

/** Remembers the processes that the daemon starts for components, so that none outlives it for long. */
export interface ComponentProcesses {
  /** What a daemon that died has left; asked once, before anything is started. */
  left(): readonly KnownProcess[];
  started(name: string, process: KnownProcess): void;
  ended(name: string, pid: number): void;
}

const ending = ".process";

/** Plain files: who loses them to a power cut has lost the processes as well. */
export function createComponentProcesses(folder: string): ComponentProcesses {
  const pathOf = (name: string) => join(folder, name + ending);
  return {
    left() {
      const files = readdirSync(folder).filter((file) => file.endsWith(ending));
      return files.flatMap((file) => {
        const path = join(folder, file);
        const found = parse(readFileSync(path, "utf8"));
        rmSync(path);
        return found ?? [];
      });
    },
    started(name, process) {
      writeFileSync(pathOf(name), JSON.stringify(process), { mode: 0o600 });
    },
    ended(name, pid) {
      const path = pathOf(name);
      try {
        if (parse(readFileSync(path, "utf8"))?.pid === pid) rmSync(path);
      } catch (error) {
        const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
        if (!isGone) throw error; // it ended before it was told of
      }
    },
  };
}

function parse(text: string): KnownProcess | undefined {
  const [, pid, startTime] = /^\{"pid":(\d+),"startTime":"([^"\\]+)"\}$/.exec(text) ?? [];
  return startTime === undefined ? undefined : { pid: Number(pid), startTime };
}
