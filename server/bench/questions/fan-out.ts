import { rmSync } from "node:fs";
import { type Audience, type Show, seat } from "../audience.ts";
import { type BenchContext, type Figure, judged, type Question, withUnit } from "../question.ts";
import { startBare, temporaryFolder } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

const kib = 1024;

/** Who watches, how many events are told, and how many an append holds. */
const cases = [
  { viewers: 1, connections: 1, events: 4_000, batch: 1 },
  { viewers: 1, connections: 1, events: 40_000, batch: 20 },
  { viewers: 100, connections: 10, events: 20_000, batch: 20 },
  { viewers: 1000, connections: 10, events: 8_000, batch: 20 },
] as const;

/** Only so many share the work of a commit that its price is not all that is seen. */
const judgedViewers = 1000;
const least = 0.7;

export const fanOut: Question = {
  name: "fan-out",
  asks: "How many events a second go from append to their viewers?",
  method:
    "The real store, log, event service and listener in one process; one writer, so that each append is a commit and a sync of its own and one message to each viewer, which is in the figures. Viewers are streams of 1 or 10 connections, in this process; they parse frames by hand, count events and decode none. Until the last viewer has the last event. Baseline: bare `node:http2` streams, laid out alike, on which as many ready-made events of the same size are written, as many in a message, each sent before the next; it commits nothing. The daemon tells a large crowd as one what was committed meanwhile, so its messages are fewer and larger than the baseline's: how large is shown, and beside it the ratio to a baseline of messages about as large, which is the price of a delivery itself. Processor time is that of the whole server process, by event and viewer.",
  notMeasured:
    "Decoding in the viewer; JSON and gRPC; TCP; several writers, whose appends are told together; turns, whose facts are far fewer.",
  async answer({ isQuick }: BenchContext) {
    const figures: Figure[] = [];
    for (const asked of cases) figures.push(...(await measure(asked, isQuick)));
    return figures;
  },
};

type Case = (typeof cases)[number];

async function measure(asked: Case, isQuick: boolean): Promise<readonly Figure[]> {
  const { viewers, batch } = asked;
  const events = isQuick ? asked.events / 10 : asked.events;
  const folder = temporaryFolder();
  const servers = {
    bare: await startBare("bare-flood.js"),
    daemon: await startBare("event-server.ts", folder, `${64 * kib}`, `${2 * kib * kib}`),
  };
  const audiences = {
    bare: await seat(servers.bare, asked),
    daemon: await seat(servers.daemon, asked),
  };
  const show = (audience: Audience) => () =>
    audience.show(`/append?events=${events}&batch=${batch}&writers=1`, events);
  const found = await interleave(isQuick ? 1 : 7, {
    bare: show(audiences.bare),
    daemon: show(audiences.daemon),
  });
  const like = likeMessage(inMessage(found.daemon, events * viewers));
  const alike: Show[] = [];
  for (let run = 0; viewers === judgedViewers && run < (isQuick ? 1 : 7); run++) {
    const path = `/append?events=${events}&batch=${like}&writers=1`;
    alike.push(await audiences.bare.show(path, events));
  }
  for (const name of ["bare", "daemon"] as const) {
    audiences[name].leave();
    await servers[name].stop();
  }
  rmSync(folder, { recursive: true });
  const rate = (shows: readonly Show[]) =>
    (events * viewers) / (median(shows.map(({ milliseconds }) => milliseconds)) / 1000);
  const who = `${viewers === 1 ? "1 viewer" : `${viewers} viewers`}, ${batch} an append`;
  return [
    {
      name: `${who}: events`,
      value: withUnit(rate(found.daemon), "/s"),
      baseline: withUnit(rate(found.bare), "/s"),
    },
    ...(viewers === 1
      ? [] // all of it is the commit's
      : [
          {
            name: `${who}: processor time an event and viewer`,
            value: withUnit(ofEvent(found.daemon, events * viewers), "ns"),
            baseline: withUnit(ofEvent(found.bare, events * viewers), "ns"),
          },
          {
            name: `${who}: events a message`,
            value: withUnit(inMessage(found.daemon, events * viewers), ""),
            baseline: withUnit(inMessage(found.bare, events * viewers), ""),
          },
        ]),
    ...(viewers === judgedViewers
      ? [
          judged(`${who}: events, times bare \`node:http2\``, {
            ...{ value: rate(found.daemon) / rate(found.bare), least, unit: "×" },
          }),
          {
            name: `${who}: the same, times bare with ${like} events a message`,
            value: withUnit(rate(found.daemon) / rate(alike), "×"),
          },
        ]
      : []),
  ];
}

/** Of all shows together, since the processor's time comes in steps of ten milliseconds. */
function ofEvent(shows: readonly Show[], deliveries: number): number {
  const processor = shows.reduce((sum, show) => sum + show.processor, 0);
  return (processor * 1e6) / (deliveries * shows.length);
}

function inMessage(shows: readonly Show[], deliveries: number): number {
  return deliveries / median(shows.map(({ messages }) => messages));
}

/** Sizes of a message that divide the events of every case, the largest that is not larger. */
function likeMessage(size: number): number {
  return [20, 40, 80, 100].findLast((known) => known <= size) ?? 20;
}
