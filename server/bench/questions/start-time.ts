import { rmSync } from "node:fs";
import { join } from "node:path";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { type ServerProcess, startBare, startDaemon, temporaryFolder } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

export const startTime: Question = {
  name: "start",
  asks: "How long from `daemon run` until GetInfo is answered, beside a bare server's first answer?",
  method:
    "From spawning the process to the end of the first answer; the socket is tried every 2 ms. The home exists, but for the line that says otherwise.",
  notMeasured: "A cold disk cache; `daemon start`, which adds the command line's own start.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const folder = temporaryFolder();
    const home = join(folder, "home");
    const found = await interleave(isQuick ? 2 : 15, {
      bare: () => readyTime(startBare("bare-server.js")),
      bundle: () => readyTime(startDaemon(bench, { home })),
      command: () => readyTime(startDaemon(bench, { home, throughCommand: true })),
      fresh: () => readyTime(startDaemon(bench)),
    });
    rmSync(folder, { recursive: true });
    const bare = median(found.bare);
    const bundle = median(found.bundle);
    const baseline = withUnit(bare, "ms");
    return [
      { name: "`daemon run` to GetInfo", value: withUnit(bundle, "ms"), baseline },
      judged("the same, times the bare server", { value: bundle / bare, most: 2, unit: "×" }),
      {
        name: "the same through the package's command (compile cache)",
        value: withUnit(median(found.command), "ms"),
        baseline,
      },
      {
        name: "the same in a home that does not exist yet",
        value: withUnit(median(found.fresh), "ms"),
        baseline,
      },
    ];
  },
};

async function readyTime(starting: Promise<ServerProcess>): Promise<number> {
  const server = await starting;
  await server.stop();
  return server.readyAfter;
}
