import { whyGuarded } from "../../core/tool/guarded-paths.ts";
import { isInside } from "./shown-path.ts";

/**
 * Why no tool changes what lies at a real path, whatever rules say; undefined where
 * one may. What is written is held where this very path leads, and through no link.
 */
export function whyNeverWritten(path: string, closed: readonly string[]): string | undefined {
  if (closed.some((folder) => isInside(folder, path))) return "it belongs to the daemon";
  const why = whyGuarded(path);
  return why && `it ${why}`;
}
