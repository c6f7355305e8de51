import { type ComponentType, lazy } from "react";
import { feed } from "../data/client.ts";

/** What is left to load of the page. */
const left = new Set<() => Promise<unknown>>();
/** Milliseconds after which the page asks again, where nobody says that the daemon is back. */
const patience = 2000;
const kept = "daphnia.loaded-anew";

/** A part of the page that is loaded when it is first shown, or when there is time. */
export function later<Props>(load: () => Promise<ComponentType<Props>>) {
  left.add(load);
  return lazy(async () => ({ default: await loaded(load) }));
}

/** Loads what is left of the page, so that it works on while the daemon is away. */
export async function loadRest(): Promise<void> {
  await Promise.allSettled([...left].map((load) => load())); // what fails is loaded when shown
}

/**
 * A daemon that is away for a moment serves no files, and a new one serves others. A browser
 * does not ask again for a module that it failed to get, so the page is loaded anew: its
 * address says all that it shows.
 */
async function loaded<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const last = Number(sessionStorage.getItem(kept) ?? 0);
    if (Date.now() - last < patience) throw error;
    await back();
    sessionStorage.setItem(kept, String(Date.now()));
    location.reload();
    return new Promise<never>(() => undefined); // the page is about to go
  }
}

function back(): Promise<void> {
  return new Promise((resolve) => {
    if (feed.state().kind === "live") {
      resolve();
      return;
    }
    const stop = feed.onState(({ kind }) => {
      if (kind !== "live") return;
      stop();
      resolve();
    });
  });
}
