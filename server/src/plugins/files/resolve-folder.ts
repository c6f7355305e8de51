import { realpath, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { invalidField } from "../../base/errors.ts";

/**
 * The real path of a folder that exists. Throws `invalid_argument` for `field`
 * saying what is wrong with it. Relative paths are refused: the daemon's own
 * working folder means nothing to a caller.
 */
export async function resolveFolder(path: string, field = "folder"): Promise<string> {
  const shown = JSON.stringify(path);
  if (!isAbsolute(path)) throw invalidField(field, `must be an absolute path, got ${shown}`);
  if (path.includes("\0")) throw invalidField(field, `must not contain a NUL character: ${shown}`);
  const { real, isFolder } = await look(path).catch((error: NodeJS.ErrnoException) => {
    throw invalidField(field, `${shown} ${problems[error.code ?? ""] ?? error.message}`);
  });
  if (!isFolder) throw invalidField(field, `${shown} is not a folder`);
  return real;
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "leads through something that is not a folder",
  EACCES: "may not be looked into by the daemon's user",
  ELOOP: "is a circle of symbolic links",
  ENAMETOOLONG: "is too long",
};

async function look(path: string): Promise<{ real: string; isFolder: boolean }> {
  const real = await realpath(path);
  return { real, isFolder: (await stat(real)).isDirectory() };
}
