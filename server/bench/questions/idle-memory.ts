import { setTimeout as sleep } from "node:timers/promises";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { type ServerProcess, startBare, startDaemon } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

/** Milliseconds that a process has to come to rest. */
const rest = 1500;

export const idleMemory: Question = {
  name: "idle memory",
  asks: "How much memory does an idle daemon hold, beside a bare HTTP/2 server?",
  method: `VmRSS of the process ${rest} ms after its first answer; each run a new process.`,
  notMeasured: "Pages shared with other Node processes count in full, for both.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const found = await interleave(isQuick ? 1 : 7, {
      bare: () => restingSize(startBare("bare-server.js")),
      daemon: () => restingSize(startDaemon(bench)),
    });
    const bare = median(found.bare);
    const daemon = median(found.daemon);
    const baseline = withUnit(bare, "MB");
    return [
      { name: "idle RSS", value: withUnit(daemon, "MB"), baseline },
      judged("idle RSS, times the bare server", { value: daemon / bare, most: 1.4, unit: "×" }),
    ];
  },
};

async function restingSize(starting: Promise<ServerProcess>): Promise<number> {
  const server = await starting;
  await sleep(rest);
  const size = server.resident();
  await server.stop();
  return size;
}
