import { setTimeout as pause } from "node:timers/promises";

/** Resolves once something is so. */
export async function until(
  look: () => boolean | Promise<boolean>,
  longest = 10_000,
): Promise<void> {
  const end = performance.now() + longest;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`it was not so in ${longest} ms`);
    await pause(5);
  }
}
