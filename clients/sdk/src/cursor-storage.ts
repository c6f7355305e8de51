import type { CursorStore } from "./cursor-store.ts";

/** What of the browser's `Storage` is needed. */
export interface CursorStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Keeps a cursor in `localStorage`, or for one tab in `sessionStorage`, under a key of its own. */
export function createStorageCursor(storage: CursorStorage, key: string): CursorStore {
  return {
    load: async () => storage.getItem(key) ?? undefined,
    save: async (cursor) => storage.setItem(key, cursor),
  };
}
