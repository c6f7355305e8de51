import { setTimeout as sleep } from "node:timers/promises";
import { type Seats, type Show, seat } from "../audience.ts";
import { type BenchContext, type Figure, type Question, withUnit } from "../question.ts";
import { startBare } from "../server-process.ts";
import { median } from "../statistics.ts";

/** Slower ways are told less, so that each takes about as long. */
const ways = [
  { way: "message", name: "connect, a message of ready fields", messages: 20 },
  { way: "universal", name: "connect's Node adapter, ready frames", messages: 100 },
  { way: "past connect", name: "past connect, ready frames (the daemon's way)", messages: 200 },
  { way: "http2", name: "bare `node:http2`, ready frames", messages: 200 },
] as const;

const viewers = 1000;
const batch = 20;
const rest = 1000;
const warm: Seats = { viewers: 200, connections: 10 };
const house: Seats = { viewers, connections: 10 };

export const waysToWrite: Question = {
  name: "ways to write",
  asks: `What does it cost to tell ${viewers} streams the same, by each way to write it?`,
  method: `A server for each way, with nothing behind it: no log, no commit. One ready message of ${batch} events for all ${viewers} streams of 10 connections, the next when all can take it. Processor time of the server process, in user and in kernel mode, by message and stream; VmRSS ${rest} ms after the streams were opened, less what ${warm.viewers} opened before had brought it to. Medians of several processes; the baseline is bare \`node:http2\`.`,
  notMeasured:
    "Garbage that the next collection would free is counted as a stream's memory; streams on connections of their own, which cost each way a socket write more.",
  async answer({ isQuick }: BenchContext) {
    const rounds = isQuick ? 1 : 3;
    const found = new Map<string, Cost[]>();
    for (let round = 0; round < rounds; round++) {
      for (const { way, messages } of ways) {
        const cost = await measure(way, isQuick ? messages / 4 : messages);
        found.set(way, [...(found.get(way) ?? []), cost]);
      }
    }
    const middle = (way: string, of: (cost: Cost) => number) =>
      median((found.get(way) ?? []).map(of));
    return ways.flatMap(({ way, name }): readonly Figure[] => {
      const line = (of: (cost: Cost) => number, unit: string) => ({
        value: withUnit(middle(way, of), unit),
        ...(way !== "http2" && { baseline: withUnit(middle("http2", of), unit) }),
      });
      return [
        { name: `${name}: a delivery`, ...line(({ delivery }) => delivery, "µs") },
        { name: `${name}: a stream idle`, ...line(({ idle }) => idle, "kB") },
      ];
    });
  },
};

interface Cost {
  /** Microseconds of processor time. */
  readonly delivery: number;
  readonly idle: number;
}

async function measure(way: string, messages: number): Promise<Cost> {
  const server = await startBare("ways-server.ts", way);
  const early = await seat(server, warm);
  await sleep(rest);
  const before = server.resident();
  const audience = await seat(server, house);
  await sleep(rest);
  const idle = ((server.resident() - before) * 1024) / viewers;
  early.leave();
  await sleep(rest / 2);
  const show = () =>
    audience.show(`/append?events=${messages * batch}&batch=${batch}`, messages * batch);
  await show(); // warms it up
  const shows: Show[] = [];
  for (let i = 0; i < 3; i++) shows.push(await show());
  audience.leave();
  await server.stop();
  const processor = shows.reduce((sum, show) => sum + show.processor, 0);
  return { idle, delivery: (processor * 1000) / (3 * messages * viewers) };
}
