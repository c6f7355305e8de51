import { useEffect, useRef } from "react";

/** What a key does here, in words. */
export interface Key {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

/** The keys in force now; those that came last go first. */
const layers: { readonly current: readonly Key[] }[] = [];

/** Keys that work while the component is there and nobody is writing. */
export function useKeys(keys: readonly Key[]): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    layers.push(latest);
    return () => {
      layers.splice(layers.indexOf(latest), 1);
    };
  }, []);
}

/** Each key once, as it works now. */
export function keysNow(): readonly Key[] {
  const found = new Map<string, Key>();
  for (const { current } of layers) for (const key of current) found.set(key.key, key);
  return [...found.values()];
}

/** Hands keys to whoever wants them; called once. */
export function listenToKeys(): () => void {
  const hear = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const key = keysNow().find((one) => one.key === event.key);
    if (key === undefined) return;
    event.preventDefault();
    key.run();
  };
  addEventListener("keydown", hear);
  return () => removeEventListener("keydown", hear);
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input:not([type=checkbox]):not([type=range]), textarea, select");
}

/** Moves the focus among what matches, as `j` and `k` do. */
export function moveFocus(selector: string, by: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>(selector)];
  const { activeElement } = document;
  const place = activeElement instanceof HTMLElement ? all.indexOf(activeElement) : -1;
  const next = place < 0 ? (by > 0 ? 0 : all.length - 1) : place + by;
  const target = all[Math.min(all.length - 1, Math.max(0, next))];
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}

/** `j` and `k` over the rows of a list. */
export function listKeys(selector = "[data-row]"): readonly Key[] {
  return [
    { key: "j", does: "next row", run: () => moveFocus(selector, 1) },
    { key: "k", does: "row before", run: () => moveFocus(selector, -1) },
  ];
}
