import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { toBinary } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ownerToken } from "@daphnia/client/home";
import { connect as connectDaphnia } from "@daphnia/client/node";
import { EventSchema } from "@daphnia/protocol/event";
import { ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { createSession, endOf, eventsUntil, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { type Http2Client, openHttp2Client } from "../watching/http2-client.ts";
import { eventually } from "../watching/residence.ts";
import { turn } from "../watching/talk.ts";

const config = `
[limits]
max_watches = 5
max_watches_per_connection = 3
max_watches_per_tcp_connection = 2
max_connections = 16
max_batch_bytes = "2 KiB"
tail_bytes = "64 KiB"
draft_tail_bytes = "4 KiB"
stall_timeout = "7s"
heartbeat = "150ms"
`;

/** An answer of 40 KB, said quickly: more than a draft's tail holds. */
const script = `
repeat = "last"
chunk = 512
[[turn]]
  [[turn.step]]
  say = "${"0123456789abcdef".repeat(2500)}"
`;

const hang = 20_000;

type Events = Http2Client["events"];

describe("the caps of watches", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess({ config, environment: { DAPHNIA_TCP_PORT: "0" } });
    await daemon.script("talk", script);
  });
  after(() => daemon.remove());

  const openWatches = async () => (await daemon.client.daemon.getInfo({})).openWatches;

  it("are told by GetInfo as they are set", async () => {
    const { limits } = await daemon.client.daemon.getInfo({});
    assert.ok(limits?.stallTimeout && limits.heartbeat);
    assert.deepEqual(
      {
        watches: limits.maxWatches,
        ofConnection: limits.maxWatchesPerConnection,
        ofTcpConnection: limits.maxWatchesPerTcpConnection,
        connections: limits.maxConnections,
        batch: limits.maxBatchBytes,
        tail: limits.tailBytes,
        draftTail: limits.draftTailBytes,
        stall: durationMs(limits.stallTimeout),
        heartbeat: durationMs(limits.heartbeat),
      },
      {
        watches: 5,
        ofConnection: 3,
        ofTcpConnection: 2,
        connections: 16,
        batch: 2048n,
        tail: 65_536n,
        draftTail: 4096n,
        stall: 7000,
        heartbeat: 150,
      },
    );
  });

  it("refuse one watch more of a connection, and of the daemon, and say which", async () => {
    const leave = new AbortController();
    const open = (events: Events) => openWatch(events, leave.signal);
    using first = openHttp2Client(daemon.socket);
    using second = openHttp2Client(daemon.socket);
    for (let i = 0; i < 3; i++) await open(first.events);
    assert.equal(await limitThatRefused(open(first.events)), "max_watches_per_connection");
    for (let i = 0; i < 2; i++) await open(second.events);
    assert.equal(await limitThatRefused(open(second.events)), "max_watches");
    assert.equal(await openWatches(), 5);
    // Refused or full: the same connections answer everything else.
    for (const { daemon: door } of [first, second]) {
      assert.equal((await door.getInfo({})).openWatches, 5);
    }
    leave.abort();
    await eventually(openWatches, (count) => count === 0, hang);
    const again = new AbortController();
    await openWatch(first.events, again.signal);
    again.abort();
    await eventually(openWatches, (count) => count === 0, hang);
  });

  it("are smaller for a connection over TCP", async () => {
    const { addresses } = await daemon.client.daemon.getInfo({});
    const address = addresses.find((one) => one.startsWith("127.0.0.1:"));
    const token = await ownerToken({ home: daemon.home });
    const overTcp = connectDaphnia({ url: `http://${address}`, token });
    const leave = new AbortController();
    for (let i = 0; i < 2; i++) await openWatch(overTcp.events, leave.signal);
    const third = openWatch(overTcp.events, leave.signal);
    assert.equal(await limitThatRefused(third), "max_watches_per_tcp_connection");
    leave.abort();
    await eventually(openWatches, (count) => count === 0, hang);
  });

  it("close one connection more than max_connections at once", async () => {
    const sockets = Array.from({ length: 20 }, () => connect(daemon.socket).on("error", () => {}));
    await Promise.race(sockets.map((socket) => once(socket.resume(), "close")));
    for (const socket of sockets) socket.destroy();
    assert.equal(await openWatches(), 0);
  });

  it("keep every batch of events below max_batch_bytes, or one event", async () => {
    for (let i = 0; i < 5; i++) await turn(daemon, "talk");
    const from = { case: "beginning", value: true } as const;
    const batches: number[][] = [];
    const request = { from, untilCaughtUp: true };
    for await (const { opened, events } of daemon.client.events.watch(request)) {
      if (opened) assert.equal(opened.maxBatchBytes, 2048n);
      batches.push(events.map((event) => toBinary(EventSchema, event).length));
    }
    const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
    const tooLarge = batches.filter((sizes) => sizes.length > 1 && sum(sizes) > 2048);
    assert.deepEqual(tooLarge, []);
    assert.ok(
      batches.some((sizes) => sizes.length > 1),
      "neighbours share a response",
    );
    assert.ok(sum(batches.flat()) > 65_536, "the log is longer than its tail");
  });

  it("do not change what a reader is told: behind the tails it is read from the store", async () => {
    const sessionId = await createSession(daemon, "talk");
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const selector = { sessions: [sessionId] };
    const live = await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    for (let i = 0; i < 4; i++) await turn(daemon, "talk"); // they push it out of the log's tail
    const later = await logOf(daemon.client, sessionId);
    assert.deepEqual(later.slice(-live.length), live);
  });

  it("keep a quiet watch's heartbeat", async () => {
    const leave = new AbortController();
    const stream = await openWatch(daemon.client.events, leave.signal);
    const began = performance.now();
    const beats: unknown[] = [];
    while (beats.length < 4) {
      const { value } = await stream.next();
      if (value?.synced === false) beats.push([value.events, value.deltas]);
    }
    assert.deepEqual(beats, Array(4).fill([[], []]));
    const took = performance.now() - began;
    assert.ok(took > 3 * 150, `four came within ${took} ms`);
    leave.abort();
  });
});

/** Opens a watch; resolves when the daemon said so. */
async function openWatch(events: Events, signal: AbortSignal) {
  const stream = events.watch({}, { signal })[Symbol.asyncIterator]();
  const { value } = await stream.next();
  assert.ok(value?.opened);
  return stream;
}

/** The limit that a refusal names. */
async function limitThatRefused(call: Promise<unknown>): Promise<string | undefined> {
  const error = await call.then(
    () => assert.fail("it was let in"),
    (reason: unknown) => ConnectError.from(reason),
  );
  assert.equal(error.code, Code.ResourceExhausted);
  return error.findDetails(ErrorInfoSchema)[0]?.metadata["limit"];
}
