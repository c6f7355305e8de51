import { delimiter, isAbsolute, relative } from "node:path";
import type { Place } from "../../core/tool/tool.ts";

/** Names and values of environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

const passed = /^(?:HOME|LANG|LANGUAGE|LC_[A-Z]+|LOGNAME|SHELL|TERM|TMPDIR|TZ|USER)$/;

/** What makes bash run or read something that is not on the line that was judged. */
const never =
  /^(?:BASH_ENV|ENV|SHELLOPTS|BASHOPTS|CDPATH|GLOBIGNORE|BASH_FUNC_.*|BASH_XTRACEFD|PS4|PROMPT_COMMAND|IFS|LD_.*|DYLD_.*|PATH|GIT_CONFIG.*|DAPHNIA_GROUP)$/;

/** Git runs what a repository's own configuration names; these stop what can be stopped. */
const git = {
  GIT_CONFIG_COUNT: "2",
  GIT_CONFIG_KEY_0: "core.fsmonitor",
  GIT_CONFIG_VALUE_0: "false",
  GIT_CONFIG_KEY_1: "safe.bareRepository",
  GIT_CONFIG_VALUE_1: "explicit",
  GIT_PAGER: "cat",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
};

/** What a command sees of the daemon's environment: what is listed here, and no more. */
export function commandEnvironment(
  own: Environment,
  { envPass, roots }: Pick<Place, "envPass" | "roots">,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined || never.test(name)) continue;
    if (passed.test(name) || envPass.includes(name)) found[name] = value;
  }
  return { ...found, ...git, PATH: safePath(own["PATH"], roots), PAGER: "cat" };
}

const usualPath = ["/usr/local/bin", "/usr/bin", "/bin"];

/** The daemon's folders of programs, but for those that an agent can write or that depend on where it stands. */
export function safePath(path = "", roots: readonly string[] = []): string {
  const named = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const all = [...new Set([...named, ...usualPath])];
  const safe = all.filter((folder) => !roots.some((root) => isWithin(folder, root)));
  // Who gives an agent the whole disk gives it the system's programs, too.
  return (safe.length > 0 ? safe : usualPath).join(delimiter);
}

/** Whether a path is a folder or lies in it; both absolute. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith("../") && !isAbsolute(way));
}
