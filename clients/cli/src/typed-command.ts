import { homedir } from "node:os";
import { join, relative } from "node:path";
import { homeOf } from "@daphnia/client/home";

/** How a person types this program: through npx in a checkout, else by its name. */
export function programName(): string {
  const isCheckout = import.meta.filename.endsWith(".ts"); // a package has no sources
  return isCheckout || process.env["npm_command"] ? "npx daphnia" : "daphnia";
}

/**
 * A command line for a home, ready to be typed in this folder. It names the home even
 * where the environment does: that may have been set for one command alone.
 */
export function typed(args: string, home: string): string {
  const isDefault = homeOf({ home: join(homedir(), ".daphnia") }) === home;
  const near = relative(process.cwd(), home);
  const path = near.startsWith("..") ? home : near;
  return `${isDefault ? "" : `DAPHNIA_HOME=${quoted(path)} `}${programName()} ${args}`;
}

/** A command line for a daemon: of a home as `typed` has it, of a url with its url. */
export function commandFor(target: Place, args: string): string {
  return target.kind === "home"
    ? typed(args, target.home)
    : `${programName()} --url ${quoted(target.url)} ${args}`;
}

type Place =
  | { readonly kind: "home"; readonly home: string }
  | { readonly kind: "url"; readonly url: string };

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
