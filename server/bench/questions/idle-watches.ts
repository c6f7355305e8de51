import { setTimeout as sleep } from "node:timers/promises";
import { seat } from "../audience.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { type ServerProcess, startBare, startDaemon } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

/** Opened first, so that code that is compiled and heaps that grow once are not counted. */
const early = { viewers: 200, connections: 1 } as const;
const late = { viewers: 3600, connections: 4 } as const;
const rest = 2000;

export const idleWatches: Question = {
  name: "idle watches",
  asks: "How much memory does a watch hold that has nothing to tell?",
  method: `${late.viewers} watches over ${late.connections} connections to a daemon without turns, after ${early.viewers} others. VmRSS ${rest} ms after the last was opened, less VmRSS before the first of them, by watch; each run a new process. Baseline: the streams of a bare \`node:http2\` server that was asked as often and wrote one message to each.`,
  notMeasured:
    "What of it the next collection would give back; watches on connections of their own, which hold a socket and an HTTP/2 session each.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const found = await interleave(isQuick ? 1 : 3, {
      bare: () => costOf(startBare("bare-flood.js")),
      daemon: () => costOf(startDaemon(bench)),
    });
    const baseline = withUnit(median(found.bare), "kB");
    return [
      judged("RSS of an idle watch", {
        ...{ value: median(found.daemon), most: 20, unit: "kB", baseline },
      }),
    ];
  },
};

async function costOf(starting: Promise<ServerProcess>): Promise<number> {
  const server = await starting;
  const first = await seat(server, early);
  await sleep(rest);
  const before = server.resident();
  const others = await seat(server, late);
  await sleep(rest);
  const cost = ((server.resident() - before) * 1024) / late.viewers;
  first.leave();
  others.leave();
  await server.stop();
  return cost;
}
