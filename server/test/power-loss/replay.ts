import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDisk } from "./disk.ts";
import { createPromises } from "./promises.ts";
import type { Note } from "./trace.ts";

/** How many promises a store broke over all the points where the power went. */
export interface Verdict {
  readonly points: number;
  /** Points at which something was lost or corrupt. */
  readonly bad: number;
  /** Events told before the points, added up. */
  readonly checked: number;
  /** The first few broken promises, with their points. */
  readonly examples: readonly string[];
}

const chances = [0, 0.3, 0.7, 1];

/** Cuts the power at `points` random moments of a trace and looks at what is left. */
export function replay(
  notes: readonly Note[],
  points: number,
  folder: string,
  random: () => number,
): Verdict {
  const scratch = mkdtempSync(join(folder, "replay-"));
  const path = join(scratch, "daphnia.db");
  const database = createDisk();
  const log = createDisk();
  const promises = createPromises();
  const first = notes.findIndex(({ file }) => file === "acks");
  const span = notes.length - first;
  const moments = Array.from({ length: points }, () => first + 1 + Math.floor(random() * span));
  moments.sort((a, b) => a - b);
  const examples: string[] = [];
  let bad = 0;
  let checked = 0;
  let at = 0;
  for (const [i, moment] of moments.entries()) {
    for (; at < moment; at++) {
      const note = notes[at];
      if (note?.file === "acks") promises.hear(note.bytes.toString());
      if (note?.file === "database") database.take(note);
      if (note?.file === "log") log.take(note);
    }
    const chance = chances[i % chances.length] ?? 0;
    writeFileSync(path, database.survivor(chance, random));
    writeFileSync(`${path}-wal`, log.survivor(chance, random));
    const broken = promises.broken(path);
    checked += promises.events();
    if (broken.length > 0) bad++;
    examples.push(...broken.slice(0, 1).map((what) => `at ${moment} of ${notes.length}: ${what}`));
    rmSync(`${path}-wal`, { force: true });
  }
  rmSync(scratch, { recursive: true });
  return { points, bad, checked, examples: examples.slice(0, 5) };
}
