import { rmSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { WatchRequestSchema } from "@daphnia/protocol/event_service";
import { countEvents } from "../audience.ts";
import { watchPath, watchRequest } from "../conversation.ts";
import { openFrameClient } from "../frame-client.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { createEnvelopeReader, dial, envelope } from "../raw-client.ts";
import { type ServerProcess, startBare, temporaryFolder } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

const mib = 1024 * 1024;
const messageBytes = 64 * 1024;
/** Of one writer: what the tail of the log is given room for. */
const kept = 409_600;
/** As many as the log hands out at once. */
const batch = 512;
const least = 0.8;

export const readyEvents: Question = {
  name: "ready events",
  asks: "How many events a second does one viewer get of those that lie ready in the log's memory?",
  method: `${kept.toLocaleString("en-US")} events were committed before; the tail has room for them. One watch from the beginning, in messages of up to 64 KiB, until it has them all; its opening is in the figure. The viewer parses frames by hand and counts events. Baseline: one bare \`node:http2\` stream of as many ready events of the same size, each in memory of its own as in a log, joined to messages of ${batch} like the daemon's; and the same with one message made before and written again and again.`,
  notMeasured: "Decoding in the viewer; events that are only on disk (see the far-behind reader).",
  async answer({ isQuick }: BenchContext) {
    const events = isQuick ? kept / 8 : kept;
    const folder = temporaryFolder();
    const bare = await startBare("bare-flood.js");
    const daemon = await startBare(
      ...(["event-server.ts", folder, `${messageBytes}`, `${512 * mib}`] as const),
    );
    const stage = dial(daemon.socket);
    await stage.visit(`/append?events=${events}&batch=256&writers=1`);
    stage.close();
    const request = watchRequest(
      create(WatchRequestSchema, { from: { case: "beginning", value: true } }),
    );
    const found = await interleave(isQuick ? 3 : 15, {
      bare: () => take(bare, `/ready?events=${events}&batch=${batch}&join`, events),
      repeated: () => take(bare, `/ready?events=${events}&batch=${batch}`, events),
      daemon: () => take(daemon, watchPath, events, request),
    });
    await bare.stop();
    await daemon.stop();
    rmSync(folder, { recursive: true });
    const rate = (times: readonly number[]) => events / (median(times) / 1000);
    const value = rate(found.daemon);
    const baseline = rate(found.bare);
    const repeated = rate(found.repeated);
    return [
      { name: "events", value: withUnit(value, "/s"), baseline: withUnit(baseline, "/s") },
      judged("the same, times bare `node:http2`", {
        ...{ value: value / baseline, least, unit: "×" },
      }),
      {
        name: "the same, times bare `node:http2` with one ready message",
        value: withUnit(value / repeated, "×"),
        baseline: withUnit(repeated, "/s"),
      },
    ];
  },
};

/** Milliseconds until one stream, on a connection of its own, has told so many events. */
async function take(
  server: ServerProcess,
  path: string,
  events: number,
  request: Uint8Array = new Uint8Array(),
): Promise<number> {
  const client = openFrameClient(server.socket);
  const began = performance.now();
  let left = events;
  await new Promise<void>((resolve) => {
    const read = createEnvelopeReader((bytes) => {
      left -= countEvents(bytes);
      if (left <= 0) resolve();
    });
    client.open(path, envelope(request), read);
  });
  const milliseconds = performance.now() - began;
  client.close();
  return milliseconds;
}
