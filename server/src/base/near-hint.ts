import { nearNames } from "./near.ts";

/** `; did you mean "say"?`, or nothing when no name is near. */
export function nearHint(name: string, names: readonly string[]): string {
  const near = nearNames(name, names);
  return near.length === 0 ? "" : `; did you mean ${near.map((n) => `"${n}"`).join(" or ")}?`;
}
