import { existsSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { pathsOf } from "@daphnia/client/home";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { createScreen } from "../screen.ts";
import type { Globals } from "../target.ts";

/** Says where everything lies. It asks no daemon. */
export function paths(options: Globals): number {
  const screen = createScreen();
  const all = {
    ...pathsOf(options.home === undefined ? {} : { home: options.home }),
    program: process.argv[1] ?? "",
    node: process.execPath,
    compileCache: getCompileCacheDir() ?? "",
  };
  if (options.json) screen.print(safeJson(all, 2));
  else {
    for (const [name, path] of Object.entries(all)) {
      const missing = existsSync(path) ? "" : screen.paint("dim", " (not there)");
      screen.print(`${screen.paint("dim", name.padEnd(13))} ${oneLine(path)}${missing}`);
    }
  }
  return exitCodes.ok;
}
