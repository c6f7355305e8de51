import { rmSync } from "node:fs";
import { watchPath, watchRequest } from "../conversation.ts";
import { type BenchContext, type Figure, type Question, withUnit } from "../question.ts";
import { dial, type RawClient } from "../raw-client.ts";
import { type ServerProcess, startBare, temporaryFolder } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

const kib = 1024;

/** Who watches, how many events an append holds, and how large a message may be. */
const cases = [
  { viewers: 1, events: 32_000, batch: 1, message: 64 * kib },
  { viewers: 1, events: 96_000, batch: 20, message: 64 * kib },
  { viewers: 1, events: 96_000, batch: 20, message: kib },
  { viewers: 100, events: 8_000, batch: 20, message: 64 * kib },
  { viewers: 100, events: 8_000, batch: 20, message: kib },
] as const;

export const fanOut: Question = {
  name: "fan-out",
  asks: "How many events a second go from append to their viewers?",
  method:
    "The real store, log, event service and listener in one process, 16 sessions that append at once, every event synced before it is shown; viewers on connections of their own in this process, which count events and decode none. Until the last viewer has the last event. Baseline: bare streams on which as many ready-made events are written, as many in a message as an append holds.",
  notMeasured: "Decoding in the viewer; JSON and gRPC; TCP; turns, whose facts are far fewer.",
  async answer({ isQuick }: BenchContext) {
    const figures: Figure[] = [];
    for (const asked of cases) figures.push(await measure(asked, isQuick));
    return figures;
  },
};

type Case = (typeof cases)[number];

async function measure(asked: Case, isQuick: boolean): Promise<Figure> {
  const { viewers, batch, message } = asked;
  const events = isQuick ? asked.events / 10 : asked.events;
  const folder = temporaryFolder();
  const servers = {
    bare: await startBare("bare-flood.js"),
    daemon: await startBare("event-server.ts", folder, String(message)),
  };
  const audiences = {
    bare: await seat(servers.bare, viewers),
    daemon: await seat(servers.daemon, viewers),
  };
  const path = `/append?events=${events}&batch=${batch}`;
  const found = await interleave(isQuick ? 1 : 3, {
    bare: () => audiences.bare.show(path, events),
    daemon: () => audiences.daemon.show(path, events),
  });
  for (const name of ["bare", "daemon"] as const) {
    audiences[name].leave();
    await servers[name].stop();
  }
  rmSync(folder, { recursive: true });
  const rate = (times: readonly number[]) => (events * viewers) / (median(times) / 1000);
  const who = viewers === 1 ? "1 viewer" : `${viewers} viewers, all together`;
  return {
    name: `${who}; ${batch} an append, messages ≤ ${message / kib} KiB`,
    value: withUnit(rate(found.daemon), "/s"),
    baseline: withUnit(rate(found.bare), "/s"),
  };
}

interface Audience {
  /** Has events appended; milliseconds until every viewer has them all. */
  show(path: string, events: number): Promise<number>;
  leave(): void;
}

async function seat(server: ServerProcess, viewers: number): Promise<Audience> {
  const clients = Array.from({ length: viewers }, () => dial(server.socket));
  const seats = clients.map(createSeat);
  await Promise.all(seats.map((viewer) => viewer.isSeated));
  const stage = dial(server.socket);
  return {
    async show(path, events) {
      const began = performance.now();
      const seen = seats.map((viewer) => viewer.until(events));
      await stage.visit(path);
      await Promise.all(seen);
      return performance.now() - began;
    },
    leave() {
      for (const client of [...clients, stage]) client.close();
    },
  };
}

/** One viewer: counts what it is shown. */
function createSeat(client: RawClient) {
  const seated = Promise.withResolvers<void>();
  let left = 0;
  let done = () => {};
  const request = watchRequest({ noDeltas: true });
  client.stream(watchPath, request, (bytes) => {
    seated.resolve();
    left -= countEvents(bytes);
    if (left <= 0) done();
  });
  return {
    isSeated: seated.promise,
    until(events: number): Promise<void> {
      left = events;
      return new Promise((resolve) => {
        done = resolve;
      });
    },
  };
}

const eventsTag = 0x12;
const lengthDelimited = 2;

/** Field 2 of a WatchResponse, counted by skipping from field to field. */
function countEvents(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at++] ?? 0;
    const [value, next] = readVarint(bytes, at);
    at = (tag & 7) === lengthDelimited ? next + value : next;
    if (tag === eventsTag) count++;
  }
  return count;
}

function readVarint(bytes: Buffer, from: number): readonly [value: number, next: number] {
  let value = 0;
  for (let at = from, shift = 1; ; at++, shift *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * shift;
    if (byte < 128) return [value, at + 1];
  }
}
