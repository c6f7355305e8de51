import type { Tool } from "../../core/tool/tool.ts";
import { createEditTool } from "./edit-tool.ts";
import { createFileMemory } from "./file-memory.ts";
import { createGlobTool } from "./glob-tool.ts";
import { createGrepTool } from "./grep-tool.ts";
import { createReadTool, type ReadBlob } from "./read-tool.ts";
import { createRipgrep } from "./ripgrep.ts";
import { createTemporarySweep } from "./temporary-files.ts";
import { createWriteTool } from "./write-tool.ts";

/**
 * The tools for files: read, glob, grep, write, edit. No call opens
 * a file of `sealed` inside this process: closing it would drop the locks held. No
 * search enters a folder of `closed`.
 */
export function createFileTools(
  options: {
    readonly sealed?: readonly string[];
    readonly closed?: readonly string[];
    readonly readBlob?: ReadBlob;
  } = {},
): Tool[] {
  const { sealed = [], closed = [], readBlob } = options;
  const memory = createFileMemory();
  const changing = { sealed, memory, sweep: createTemporarySweep() };
  const ripgrep = createRipgrep({ closed });
  return [
    createReadTool({ sealed, memory, ...(readBlob && { readBlob }) }),
    createWriteTool(changing),
    createEditTool(changing),
    createGlobTool({ ripgrep }),
    createGrepTool({ ripgrep, sealed }),
  ];
}
