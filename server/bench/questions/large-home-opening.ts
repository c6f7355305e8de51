import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventsOfSession, largeHome, sessions } from "../large-home.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { startDaemon, temporaryFolder } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

const rest = 800;

export const largeHomeOpening: Question = {
  name: "large home",
  asks: "What does a home of a million events cost a daemon that opens it?",
  method: `${sessions} sessions with ${eventsOfSession} events each, written through the real store; time from spawning to GetInfo answered, and VmRSS ${rest} ms later, beside a home that holds next to nothing.`,
  notMeasured:
    "A cold disk cache; a home that a crash left with a long write-ahead log; reading the events.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const folder = temporaryFolder();
    const large = join(folder, "large");
    symlinkSync(await largeHome(), large); // a socket's path must be short
    const open = (home: string) => async () => {
      const daemon = await startDaemon(bench, { home });
      await sleep(rest);
      const resident = daemon.resident();
      await daemon.stop();
      return { ready: daemon.readyAfter, resident };
    };
    const found = await interleave(isQuick ? 1 : 9, {
      empty: open(join(folder, "empty")),
      large: open(large),
    });
    rmSync(folder, { recursive: true });
    const ready = (name: "empty" | "large") => median(found[name].map((run) => run.ready));
    const size = (name: "empty" | "large") => median(found[name].map((run) => run.resident));
    return [
      {
        name: "`daemon run` to GetInfo",
        value: withUnit(ready("large"), "ms"),
        baseline: withUnit(ready("empty"), "ms"),
      },
      judged("the same, times the empty home", {
        value: ready("large") / ready("empty"),
        most: 1.2,
        unit: "×",
      }),
      judged("idle RSS more than with the empty home", {
        value: size("large") - size("empty"),
        most: 5,
        unit: "MB",
        baseline: withUnit(size("empty"), "MB"),
      }),
    ];
  },
};
