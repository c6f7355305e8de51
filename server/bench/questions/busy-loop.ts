import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openViewer } from "../conversation.ts";
import { type BenchContext, type Question, withUnit } from "../question.ts";
import { dial } from "../raw-client.ts";
import { type LoopDelay, startBare, startDaemon, temporaryFolder } from "../server-process.ts";
import { quantile } from "../statistics.ts";
import { layScript, openStreaming, streamingPace, streamingTurns } from "../streaming-turns.ts";
import { waits } from "../waits.ts";

export const busyLoop: Question = {
  name: "busy loop",
  asks: `How long does a call wait while ${streamingTurns} turns stream, and the daemon's event loop?`,
  method: `GetInfo every 5 ms from outside, beside the same daemon with nothing to do. ${streamingTurns} scripted turns say a piece of 12 characters each ${streamingPace} ms; one viewer sees all. The loop's delay is told by \`monitorEventLoopDelay\` in the daemon's own process, which looks each 2 ms; those 2 ms are taken off.`,
  notMeasured: "Turns that use tools; a call's own disk access, which is in the figures.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const seconds = isQuick ? 1 : 6;
    const folder = temporaryFolder();
    const home = join(folder, "home");
    layScript(home, seconds);
    const bare = await startBare("bare-server.js");
    const alone = dial(bare.socket);
    const least = await waits(alone, sleep(seconds * 500));
    alone.close();
    await bare.stop();
    const daemon = await startDaemon(bench, { home, watchedLoop: true });
    const client = dial(daemon.socket);
    const viewer = openViewer(dial(daemon.socket));
    const stream = await openStreaming(client, viewer, folder);
    await waits(client, sleep(500)); // warms it up
    await daemon.loopDelay();
    const idle = await waits(client, sleep(seconds * 500));
    const idleLoop = await daemon.loopDelay();
    const busy = await waits(client, stream());
    const busyLoopDelay = await daemon.loopDelay();
    viewer.leave();
    client.close();
    await daemon.stop();
    rmSync(folder, { recursive: true });
    const line = (name: string, values: readonly number[], base: readonly number[]) =>
      [0.5, 0.99].map((share) => ({
        name: `${name}, p${share * 100}`,
        value: withUnit(quantile(values, share), "ms"),
        baseline: withUnit(quantile(base, share), "ms"),
      }));
    const loop = (name: string, of: (delay: LoopDelay) => number) => ({
      name: `event loop, ${streamingTurns} turns streaming; beside the idle daemon, ${name}`,
      value: withUnit(of(busyLoopDelay), "ms"),
      baseline: withUnit(of(idleLoop), "ms"),
    });
    return [
      ...line("GetInfo, idle daemon; beside a bare server", idle, least),
      ...line(`GetInfo, ${streamingTurns} turns streaming; beside the idle daemon`, busy, idle),
      loop("p50", ({ p50 }) => p50),
      loop("p99", ({ p99 }) => p99),
      loop("longest", ({ max }) => max),
    ];
  },
};
