import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoreReports } from "../sqlite-store.ts";

/** An empty folder to be a home; `remove` leaves nothing of it. */
export function createTemporaryHome(): { readonly home: string; remove(): void } {
  const home = mkdtempSync(join(tmpdir(), "daphnia-store-"));
  return { home, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** Reports that nobody expects: each throws. */
export const noReports: StoreReports = {
  onFatal(error) {
    throw error;
  },
  onCorrupt(error) {
    throw error;
  },
  onStarved(frames) {
    throw new Error(`${frames} frames cannot be copied`);
  },
};
