import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { countEvents } from "../audience.ts";
import { openViewer, watchPath, watchRequest } from "../conversation.ts";
import { openFrameClient } from "../frame-client.ts";
import { eventsOfSession, largeHome, sessions } from "../large-home.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { createEnvelopeReader, dial, envelope } from "../raw-client.ts";
import { startDaemon, temporaryFolder } from "../server-process.ts";
import { quantile } from "../statistics.ts";
import { layScript, openStreaming, streamingPace, streamingTurns } from "../streaming-turns.ts";
import { waits } from "../waits.ts";

const events = sessions * eventsOfSession;
const seconds = 20;

export const farBehind: Question = {
  name: "far behind",
  asks: `What does one reader who replays a million events do to ${streamingTurns} turns that stream?`,
  method: `A copy of the home of a million events; ${streamingTurns} scripted turns say a piece each ${streamingPace} ms, one viewer sees them; meanwhile one watch from the beginning, events and no deltas, whose reader takes all as fast as it comes. The loop's delay is told by \`monitorEventLoopDelay\` in the daemon's own process, which looks each 2 ms (those are taken off), from before the watch until it has a million events; the baseline is the same turns for as long without it. GetInfo is asked from outside each 5 ms. One run.`,
  notMeasured: "A cold disk cache; several such readers; a reader over TCP.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const folder = temporaryFolder();
    const home = join(folder, "home");
    cpSync(await largeHome(), home, { recursive: true });
    layScript(home, isQuick ? 5 : seconds);
    const daemon = await startDaemon(bench, { home, watchedLoop: true });
    const client = dial(daemon.socket);
    const viewer = openViewer(dial(daemon.socket));
    const stream = await openStreaming(client, viewer, folder);
    const turns = stream();
    await waits(client, sleep(1000)); // warms it up
    await daemon.loopDelay();
    const before = await waits(client, sleep(isQuick ? 1000 : 4000));
    const aloneLoop = await daemon.loopDelay();
    const began = performance.now();
    const during = await waits(client, replay(daemon.socket, isQuick ? events / 10 : events));
    const took = (performance.now() - began) / 1000;
    const loop = await daemon.loopDelay();
    await turns;
    viewer.leave();
    client.close();
    await daemon.stop();
    rmSync(folder, { recursive: true });
    const baseline = (value: number) => withUnit(value, "ms");
    return [
      { name: "events replayed", value: withUnit((isQuick ? events / 10 : events) / took, "/s") },
      judged("event loop, p99", {
        ...{ value: loop.p99, most: 20, unit: "ms", baseline: baseline(aloneLoop.p99) },
      }),
      {
        name: "event loop, longest",
        value: withUnit(loop.max, "ms"),
        baseline: baseline(aloneLoop.max),
      },
      {
        name: "GetInfo meanwhile, p99",
        value: withUnit(quantile(during, 0.99), "ms"),
        baseline: baseline(quantile(before, 0.99)),
      },
    ];
  },
};

/** Reads from the beginning until it has so many events. */
function replay(path: string, wanted: number): Promise<void> {
  const client = openFrameClient(path);
  let left = wanted;
  const request = watchRequest({ from: { case: "beginning", value: true }, noDeltas: true });
  return new Promise((resolve) => {
    const read = createEnvelopeReader((bytes) => {
      left -= countEvents(bytes);
      if (left > 0) return;
      client.close();
      resolve();
    });
    client.open(watchPath, envelope(request), read);
  });
}
