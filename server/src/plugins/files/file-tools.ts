import type { Tool } from "../../core/tool/tool.ts";
import { createGlobTool } from "./glob-tool.ts";
import { createGrepTool } from "./grep-tool.ts";
import { createReadTool } from "./read-tool.ts";
import { createRipgrep } from "./ripgrep.ts";

/**
 * The tools that look at files and change none: read, glob, grep. No call opens
 * a file of `sealed` inside this process: closing it would drop the locks held. No
 * search enters a folder of `closed`.
 */
export function createFileTools(
  options: { readonly sealed?: readonly string[]; readonly closed?: readonly string[] } = {},
): Tool[] {
  const { sealed = [], closed = [] } = options;
  const ripgrep = createRipgrep({ closed });
  return [
    createReadTool({ sealed }),
    createGlobTool({ ripgrep }),
    createGrepTool({ ripgrep, sealed }),
  ];
}
