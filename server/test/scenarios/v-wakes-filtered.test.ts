import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { createSession, endOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { turn } from "../watching/talk.ts";

const script = `
repeat = "last"
chunk = 4
[[turn]]
  [[turn.step]]
  say = "A few pieces, and many of them."
`;

const others = 40;
const heartbeats = 5;

describe("a watch of one session among many", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess({ config: '[limits]\nheartbeat = "100ms"\n' });
    await daemon.script("talk", script);
  });
  after(() => daemon.remove());

  it("is told nothing but heartbeats while others commit, and its cursor moves with them", async () => {
    const { client } = daemon;
    const quiet = await createSession(daemon, "talk");
    const stop = new AbortController();
    const selector = { sessions: [quiet] };
    const stream = client.events.watch({ selector }, { signal: stop.signal });
    const responses = stream[Symbol.asyncIterator]();
    const next = async (): Promise<WatchResponse> => {
      const { value, done } = await responses.next();
      assert.ok(!done, "the watch goes on");
      return value;
    };
    const { opened } = await next();
    assert.ok(opened?.heartbeat);
    assert.equal(durationMs(opened.heartbeat), 100);
    assert.ok((await next()).synced);

    let isOver = false;
    const busy = (async () => {
      try {
        for (let i = 0; i < others; i++) await turn(daemon, "talk");
      } finally {
        isOver = true;
      }
    })();
    const heard: WatchResponse[] = [];
    const began = performance.now();
    while (!isOver) heard.push(await next());
    await busy;
    const took = performance.now() - began;
    const { cursor: end } = await client.daemon.getInfo({});
    // What was committed last is behind it at the latest with the next heartbeats.
    for (let i = 0; i < heartbeats; i++) heard.push(await next());
    for (const { events, deltas, synced } of heard) {
      assert.deepEqual({ events, deltas, synced }, { events: [], deltas: [], synced: false });
    }
    assert.equal(heard.at(-1)?.cursor, end);
    const places = new Set(heard.map(({ cursor }) => cursor));
    assert.ok(places.size > 1, "the cursor moves meanwhile");
    const most = took / 100 + heartbeats + 2;
    assert.ok(heard.length <= most, `${heard.length} heartbeats in ${took} ms`);

    const { turnId } = await prompt(client, quiet, "now you");
    let told = await next();
    while (!told.events.some(endOf(turnId))) {
      assert.ok(told.events.every(({ sessionId }) => sessionId === quiet));
      told = await next();
    }
    stop.abort();
  });
});
