import { type FSWatcher, unwatchFile, watch, watchFile } from "node:fs";
import { messageOf } from "../../base/errors.ts";

/** Tells that files may have changed. What changed is for the reader to see. */
export interface FileWatch {
  /** Why changes may go unseen; undefined while all is well. */
  problem(): string | undefined;
  close(): void;
}

/** Milliseconds without news before a change is told: an editor writes in several steps. */
const quiet = 75;
/** Milliseconds between two looks at a place where the system tells nothing. */
const look = 1000;

/**
 * Watches one file and one folder, there or not. The folder is told by the
 * system; so it cannot be the home, where the store writes all the time. The
 * file, and whether the folder was replaced, is looked at each second.
 */
export function watchFiles(
  places: { readonly file: string; readonly folder: string },
  onChange: () => void,
): FileWatch {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  let trouble: string | undefined;

  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quiet).unref();
  };
  const disarm = (why: string | undefined) => {
    watcher?.close();
    watcher = undefined;
    trouble = why;
  };
  const arm = () => {
    disarm(undefined);
    try {
      watcher = watch(places.folder, { persistent: false }, changed);
      watcher.on("error", (error) =>
        disarm(`${places.folder} is not watched: ${messageOf(error)}`),
      );
    } catch (error) {
      disarm(`${places.folder} is not watched: ${messageOf(error)}`);
    }
  };
  const options = { interval: look, persistent: false };
  const fileSeen = () => changed();
  const folderSeen = (now: { ino: number }, before: { ino: number }) => {
    if (now.ino !== before.ino || watcher === undefined) arm();
    changed();
  };

  arm();
  watchFile(places.file, options, fileSeen);
  watchFile(places.folder, options, folderSeen);
  return {
    problem: () => trouble,
    close() {
      clearTimeout(timer);
      disarm("closed");
      unwatchFile(places.file, fileSeen);
      unwatchFile(places.folder, folderSeen);
    },
  };
}
