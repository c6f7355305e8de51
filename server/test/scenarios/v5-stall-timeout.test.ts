import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Event } from "@daphnia/protocol/event";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { eventually } from "../watching/residence.ts";
import { openUnreadWatch, unreadKinds } from "../watching/unread-watch.ts";

const stallMs = 300;
const hang = 20_000;

/** 2 MB: far more than a transport holds for a reader that takes nothing. */
const script = `
pace_ms = 1
[[turn]]
  [[turn.step]]
  pieces = [${`"${"0123456789abcdef".repeat(512)}",`.repeat(256)}]
`;

describe("a reader that takes nothing", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess({ config: `[limits]\nstall_timeout = "${stallMs}ms"\n` });
    await daemon.script("large", script);
  });
  after(() => daemon.remove());

  it("is reset after stall_timeout, its place is free again, and others go on", async (t) => {
    const { client } = daemon;
    const openWatches = async () => (await client.daemon.getInfo({})).openWatches;
    const large = await createSession(daemon, "large");
    const quiet = await createSession(daemon, "large");
    const { cursor } = await client.daemon.getInfo({});
    // One has nothing to take, one takes everything: neither is stalled.
    const idle = client.events.watch({ selector: { sessions: [quiet] } })[Symbol.asyncIterator]();
    for (let i = 0; i < 2; i++) assert.equal((await idle.next()).done, false);
    const unread = await Promise.all(
      unreadKinds.map((kind) => openUnreadWatch(daemon.socket, kind)),
    );
    assert.equal(await openWatches(), 1 + unread.length);
    const reading = eventsUntil(client, { after: cursor }, endOf());
    const began = performance.now();
    const { turnId } = await prompt(client, large, "go");
    const events = await reading;
    assert.ok(events.some(endOf(turnId)));
    await eventually(openWatches, (open) => open === 1, hang);
    t.diagnostic(
      `the last was reset ${(performance.now() - began).toFixed(0)} ms after the prompt`,
    );
    // Who does not read its socket does not see its end; who does not read its stream does.
    await unread[unreadKinds.indexOf("http/2 stream")]?.closed;

    // The idle one is still told what it waits for.
    await prompt(client, quiet, "you");
    const told: Event[] = [];
    while (told.length === 0) {
      const { value, done } = await idle.next();
      assert.ok(!done, "the idle watch goes on");
      told.push(...value.events);
    }
    assert.equal(told[0]?.body.case, "promptAccepted");
    await idle.return?.();
    for (const viewer of unread) viewer.destroy();
  });
});
