import { spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, mkdtemp, open, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRunContext } from "../../src/core/tool/testing/run-context.ts";
import type { Place, Tool } from "../../src/core/tool/tool.ts";
import { createBashTool } from "../../src/plugins/bash/bash-tool.ts";
import { createBubblewrap } from "../../src/plugins/bash/bubblewrap.ts";
import type { SandboxFinder, SandboxMode } from "../../src/plugins/bash/sandbox.ts";
import { type BenchContext, type Figure, judged, type Question, withUnit } from "../question.ts";
import { interleave, median } from "../statistics.ts";

export const toolCalls: Question = {
  name: "tool calls",
  asks: "What does the `bash` tool add to a command, and what does its sandbox?",
  method:
    "`true`, 200 times by each way in turns; each with two syncs of a small file, as the start and the end of a call are committed. The baseline is a bare spawn of `bash -c true` with its output on one pipe. Medians; what is added is the difference.",
  notMeasured:
    "Reading and judging the command, approvals, and the store: the syncs stand for its commits.",
  async answer({ isQuick }: BenchContext) {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "daphnia-bench-")));
    const file = await open(join(folder, "log"), "w");
    const { env: environment } = process;
    const sandbox = createBubblewrap({ environment });
    const { works } = await sandbox.find();
    const place: Place = {
      ...{ sessionId: "bench", roots: [folder], closed: [], cwd: folder },
      ...{ envPass: [], hasNetwork: false },
    };
    try {
      const free = toolOf(sandbox, "off");
      const enclosed = toolOf(sandbox, "required");
      const found = await interleave(isQuick ? 20 : 200, {
        bare: () => timed(() => bareSpawn(folder, file)),
        call: () => timed(() => call(free, place, file)),
        enclosed: () => (works ? timed(() => call(enclosed, place, file)) : Promise.resolve(0)),
      });
      const bare = median(found.bare);
      const baseline = withUnit(bare, "ms");
      const added = (name: string, values: readonly number[], most: number): Figure =>
        judged(name, { value: median(values) - bare, unit: "ms", baseline, most });
      return [
        added("added by the tool", found.call, 1.5),
        ...(works ? [added("added by the tool in bubblewrap", found.enclosed, 25)] : []),
      ];
    } finally {
      await file.close();
      await rm(folder, { recursive: true });
    }
  },
};

function toolOf(sandbox: SandboxFinder, mode: SandboxMode): Tool {
  const { env: environment } = process;
  return createBashTool({ claimsOf: async () => [], sandbox, mode: () => mode, environment });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function sync(file: FileHandle): Promise<void> {
  await file.write("a fact\n");
  await file.datasync();
}

async function bareSpawn(cwd: string, file: FileHandle): Promise<void> {
  await sync(file);
  const words = ["--norc", "--noprofile", "-c", "true"];
  const child = spawn("bash", words, { cwd, stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.resume();
  await once(child, "close");
  await sync(file);
}

async function call(tool: Tool, place: Place, file: FileHandle): Promise<void> {
  const claimed = await tool.claim({ command: "true" }, place);
  await claimed.prepare?.();
  await sync(file);
  const { isError } = await claimed.run(createRunContext());
  if (isError) throw new Error("`true` failed");
  await sync(file);
}
