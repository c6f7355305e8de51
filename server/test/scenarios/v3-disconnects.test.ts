import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ConnectError } from "@connectrpc/connect";
import type { Daphnia } from "@daphnia/client";
import { connect } from "@daphnia/client/node";
import { createDice } from "../../src/core/log/testing/follower.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { openCuttingRelay } from "../watching/cutting-relay.ts";
import { openHttp2Client } from "../watching/http2-client.ts";
import {
  compareWithSettled,
  createResumingReader,
  type ResumingReader,
} from "../watching/resuming-reader.ts";
import { startTalk } from "../watching/talk.ts";

/** What everybody talks about meanwhile: two messages with thinking, and a call between them. */
const script = `
chunk = 24
pace_ms = 1
[[turn]]
  [[turn.step]]
  think = "${"Grüße, 世界. ".repeat(60)}"
  say = "${"Two 🐘 calls. ".repeat(60)}"
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 1 }
  [[turn.step]]
  say = "${"0123456789".repeat(200)}"
`;

/** How a reader is cut off: its connection breaks in mid-message, or it leaves its stream. */
const ways = ["broken http/1.1", "broken http/2", "left http/1.1", "left http/2"] as const;
type Way = (typeof ways)[number];

const readersOfEach = 2;
const cutsOfEach = 125;
const talkers = 4;
/**
 * A connection breaks after up to so many bytes; somebody leaves after up to so many
 * responses. Batches are smaller, or a reader who is behind would never get a whole one.
 */
const mostBytes = 16_000;
const config = '[limits]\nmax_batch_bytes = "4 KiB"\n';
const mostResponses = 60;
/** Bytes that each is told before they settle: else no draft was resumed. */
const leastLive = 2000;

describe("readers who are cut off", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess({ config });
    await daemon.script("talk", script);
  });
  after(() => daemon.remove());

  it("V3: miss nothing and hear nothing twice over 1000 disconnects", async (t) => {
    const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
    t.diagnostic(`SEED=${seed} cuts at the same places again`);
    const { cursor: start } = await daemon.client.daemon.getInfo({});
    await using talk = startTalk(daemon, "talk", talkers);
    const began = performance.now();
    const settings = { daemon, start, isEnough: (cuts: number) => cuts >= cutsOfEach };
    const each = ways.flatMap((way) => Array.from({ length: readersOfEach }, () => way));
    await using resuming = sdkReader(settings, createDice(seed));
    const readers = await Promise.all(
      each.map((way, i) => readCutOff(way, settings, createDice(seed + i + 1))),
    );
    await talk.stop();
    const { cursor: end } = await daemon.client.daemon.getInfo({});
    const sdk = await resuming.to(end);
    const expected = await logged(daemon, start);
    for (const reader of [...readers, sdk.reader]) {
      await readRest(daemon, reader);
      assert.deepEqual(placesOf(reader), expected, `SEED=${seed}`);
      const { told } = compareWithSettled(reader);
      assert.ok(told > leastLive, `only ${told} bytes were told before they settled`);
    }
    const cuts = readersOfEach * ways.length * cutsOfEach;
    const took = ((performance.now() - began) / 1000).toFixed(1);
    const live = readers.map((reader) => compareWithSettled(reader).told);
    t.diagnostic(
      `${cuts} disconnects and ${sdk.cuts} of the client in ${took} s, ${expected.length} events, ` +
        `characters told live to each: ${live.join(", ")}`,
    );
    assert.ok(sdk.cuts > 0, "the client was cut off too");
  });
});

interface Settings {
  readonly daemon: DaemonProcess;
  readonly start: string;
  readonly isEnough: (cuts: number) => boolean;
}

type Dice = ReturnType<typeof createDice>;

/** Reads until it was cut off often enough. */
async function readCutOff(way: Way, settings: Settings, dice: Dice): Promise<ResumingReader> {
  const { daemon, start, isEnough } = settings;
  const reader = createResumingReader(start);
  const isBroken = way.startsWith("broken");
  await using relay = await openCuttingRelay(daemon.socket, () =>
    isBroken ? dice(mostBytes) : Number.POSITIVE_INFINITY,
  );
  using http2 = openHttp2Client(join(relay.home, "run", "daphnia.sock"));
  const { events } = way.endsWith("http/2") ? http2 : connect({ home: relay.home });
  for (let cuts = 0; !isEnough(cuts); cuts++) {
    const responses = isBroken ? Number.POSITIVE_INFINITY : dice(mostResponses);
    await readSome(events, reader, responses);
  }
  if (isBroken) assert.ok(isEnough(relay.cuts()), "each end was a broken connection");
  return reader;
}

/** One watch: until so many responses came, or its connection breaks. */
async function readSome(
  events: Daphnia["events"],
  reader: ResumingReader,
  most: number,
): Promise<void> {
  const leave = new AbortController();
  const request = { from: reader.from(), drafts: reader.drafts() };
  try {
    let count = 0;
    for await (const response of events.watch(request, { signal: leave.signal })) {
      reader.take(response);
      if (++count > most) break;
    }
  } catch (error) {
    // A broken connection is no answer of the daemon's.
    if (!(error instanceof ConnectError) || error.details.length > 0) throw error;
  } finally {
    leave.abort();
  }
}

/** The client's own watch, which resumes by itself over connections that break. */
function sdkReader({ daemon, start }: Settings, dice: Dice) {
  let isQuiet = false;
  const stop = new AbortController();
  let end: string | undefined;
  const reader = createResumingReader(start);
  const reading = (async () => {
    await using relay = await openCuttingRelay(daemon.socket, () =>
      isQuiet ? Number.POSITIVE_INFINITY : 4 * dice(mostBytes),
    );
    const options = { after: start, signal: stop.signal };
    for await (const response of connect({ home: relay.home }).watch(options)) {
      reader.take(response);
      if (response.cursor === end) break;
    }
    return relay.cuts();
  })();
  return {
    /** Reads on to the end of the log, over whole connections. */
    async to(last: string): Promise<{ reader: ResumingReader; cuts: number }> {
      isQuiet = true;
      end = last;
      if (reader.from().value === last) stop.abort();
      return { reader, cuts: await reading };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reading;
    },
  };
}

/** What a reader lacks to the end of the log. */
async function readRest({ client }: DaemonProcess, reader: ResumingReader): Promise<void> {
  const request = { from: reader.from(), drafts: reader.drafts(), untilCaughtUp: true };
  for await (const response of client.events.watch(request)) reader.take(response);
}

const placesOf = ({ events }: ResumingReader) =>
  events.map(({ sessionId, seq, cursor, body }) => `${cursor} ${sessionId}/${seq} ${body.case}`);

/** Everything behind a cursor, read by one who was never cut off. */
async function logged(daemon: DaemonProcess, start: string): Promise<string[]> {
  const reader = createResumingReader(start);
  await readRest(daemon, reader);
  return placesOf(reader);
}
