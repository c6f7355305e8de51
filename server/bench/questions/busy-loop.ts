import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newSession, openViewer } from "../conversation.ts";
import { type BenchContext, type Question, withUnit } from "../question.ts";
import { dial, type RawClient } from "../raw-client.ts";
import { startBare, startDaemon, temporaryFolder } from "../server-process.ts";
import { quantile } from "../statistics.ts";

const turns = 20;
const pace = 10;

export const busyLoop: Question = {
  name: "busy loop",
  asks: `How long does a call wait while ${turns} turns stream?`,
  method: `GetInfo every 5 ms from outside, beside the same daemon with nothing to do. ${turns} scripted turns say a piece of 12 characters each ${pace} ms; one viewer sees all. What the loop is held up, a call waits.`,
  notMeasured:
    "The loop's delay from inside (monitorEventLoopDelay cannot be reached in the daemon's process); a call's own disk access is in the figures.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const seconds = isQuick ? 1 : 6;
    const folder = temporaryFolder();
    const home = join(folder, "home");
    mkdirSync(join(home, "scripts"), { recursive: true, mode: 0o700 });
    const length = Math.ceil((seconds * 1000) / pace) * 12;
    writeFileSync(join(home, "scripts/long.toml"), scriptOf(length));
    const bare = await startBare("bare-server.js");
    const alone = dial(bare.socket);
    const least = await waits(alone, sleep(seconds * 500));
    alone.close();
    await bare.stop();
    const daemon = await startDaemon(bench, { home });
    const client = dial(daemon.socket);
    const viewer = openViewer(dial(daemon.socket));
    const sessions: string[] = [];
    for (let i = 0; i < turns; i++)
      sessions.push(await newSession(client, "scripted/long", folder));
    await waits(client, sleep(500)); // warms it up
    const idle = await waits(client, sleep(seconds * 500));
    const all = Promise.all(sessions.map((session) => viewer.turn(session, "speak")));
    const busy = await waits(client, all);
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
    return [
      ...line("GetInfo, idle daemon; beside a bare server", idle, least),
      ...line(`GetInfo, ${turns} turns streaming; beside the idle daemon`, busy, idle),
    ];
  },
};

function scriptOf(length: number): string {
  const text = "a word and ".repeat(Math.ceil(length / 11));
  return `chunk = 12\npace_ms = ${pace}\nrepeat = "last"\n[[turn]]\n[[turn.step]]\nsay = "${text}"\n`;
}

/** Calls again and again until something is over; what each call took. */
async function waits(client: RawClient, over: Promise<unknown>): Promise<readonly number[]> {
  const found: number[] = [];
  let isOver = false;
  const ending = over.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const began = performance.now();
    await client.getInfo();
    found.push(performance.now() - began);
    await sleep(5);
  }
  await ending;
  return found;
}
