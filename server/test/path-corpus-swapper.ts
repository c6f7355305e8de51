import { renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Puts links in the place of a folder and of a file, and takes them away again, as
 * fast as it can, until it is killed. Its argument is the root of a race.
 */
const root = process.argv[2] ?? "";
const outside = join(root, "../outside");
const at = (name: string) => join(root, name);

process.stdout.write("swapping\n");
for (;;) {
  renameSync(at("folder"), at("kept"));
  place(() => symlinkSync(outside, at("folder")));
  unlinkSync(at("folder"));
  place(() => renameSync(at("kept"), at("folder")));
  // The same with a file, and with no moment in which there is nothing.
  symlinkSync(join(outside, "file.txt"), at("link"));
  renameSync(at("link"), at("file.txt"));
  writeFileSync(at("plain"), "inside\n");
  renameSync(at("plain"), at("file.txt"));
}

/** A tool may have made a folder there while there was none: it goes. */
function place(act: () => void): void {
  for (;;) {
    try {
      act();
      return;
    } catch {
      rmSync(at("folder"), { recursive: true, force: true });
    }
  }
}
