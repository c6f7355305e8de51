import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/**
 * The real, absolute path that a model's words lead to, for a claim. `..` is
 * taken away first, `~` is a name like any other, then symbolic links are
 * followed. What is missing, or may not be looked into, keeps the name it was
 * given below the deepest folder that could be resolved; acting on it says why.
 */
export async function resolveTarget(path: string, cwd: string): Promise<string> {
  const asked = resolve(cwd, path);
  const rest: string[] = [];
  for (let known = asked; ; known = dirname(known)) {
    const real = await realpath(known).catch(() => undefined); // told when it is acted on
    if (real !== undefined) return join(real, ...rest);
    if (dirname(known) === known) return asked;
    rest.unshift(basename(known));
  }
}
