import type { CallProcess } from "../core/tool/tool.ts";

/** Ends what calls of a daemon that is gone have left running. */
export async function endOrphans(
  processes: readonly Pick<CallProcess, "pid" | "startTime">[],
): Promise<void> {
  if (processes.length === 0) return;
  const { sweepOrphans } = await import("../plugins/bash/sweep-orphans.ts");
  await sweepOrphans(processes);
}
