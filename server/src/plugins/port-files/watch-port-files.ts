import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { type PortFileReading, readPortFile } from "./read-port-file.ts";

export interface PortFiles {
  /** Looks at all of them now; what is another than before is told. */
  look(): Promise<void>;
  close(): void;
}

/** The name of a component, and of the file that tells of it. */
const nameOf = /^([a-z][a-z0-9-]{0,31})\.port$/;
/** Milliseconds after a change before it is looked at: a file comes in several steps. */
const delay = 20;
/** Milliseconds between two looks where the system tells of no changes. */
const pollPause = 1000;

/** Tells of each port file that is new, another or gone. */
export function watchPortFiles(
  folder: string,
  onFile: (name: string, reading: PortFileReading | undefined) => void,
  onError: (error: unknown) => void,
): PortFiles {
  const told = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isRung = false;
  let watcher: FSWatcher | undefined;
  let polling: NodeJS.Timeout | undefined;
  let isClosed = false;

  function tell(name: string, reading: PortFileReading | undefined): void {
    const key = JSON.stringify(reading) ?? "";
    if (told.get(name) === key) return;
    if (reading === undefined) told.delete(name);
    else told.set(name, key);
    onFile(name, reading);
  }

  async function lookOnce(): Promise<void> {
    const names = (await readdir(folder)).flatMap((file) => nameOf.exec(file)?.[1] ?? []);
    for (const name of new Set([...names, ...told.keys()])) {
      const reading = await readPortFile(join(folder, `${name}.port`), name);
      if (isClosed) return;
      tell(name, reading);
    }
  }

  /** One look at a time; who asks meanwhile gets one more after it. */
  function look(): Promise<void> {
    isRung = true;
    looking ??= (async () => {
      while (isRung) {
        isRung = false;
        await lookOnce();
      }
    })().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  /** Changes that come meanwhile wait for the same look: who changes all the time does not delay it. */
  const changed = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void look().catch(onError);
    }, delay).unref();
  };
  /** The system may have no watches left. */
  function unwatched(error: unknown): void {
    watcher?.close();
    if (isClosed || polling !== undefined) return;
    onError(new Error(`${folder} is not watched but polled: ${messageOf(error)}`));
    polling = setInterval(changed, pollPause).unref();
  }
  try {
    watcher = watch(folder, { persistent: false }, changed);
    watcher.on("error", unwatched);
  } catch (error) {
    unwatched(error);
  }
  return {
    look,
    close() {
      isClosed = true;
      clearTimeout(timer);
      clearInterval(polling);
      watcher?.close();
    },
  };
}
