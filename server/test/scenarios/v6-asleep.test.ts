import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

/** A message of 4 MB: far more than a transport holds for a reader that sleeps. */
const long = `
chunk = 4096
[[turn]]
  [[turn.step]]
  say = "${"0123456789abcdef".repeat(256 * 1024)}"
`;

describe("a viewer that sleeps", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("long", long);
  });
  after(() => daemon.remove());

  it("V6: does not slow the turn, and wakes to the settled text without a gap", async () => {
    const sessionId = await createSession(daemon, "long");
    const selector = { sessions: [sessionId] };
    const sleeper = new AbortController();
    const stream = daemon.client.events.watch({ selector }, { signal: sleeper.signal });
    const asleep = stream[Symbol.asyncIterator]();
    await asleep.next(); // it is open; from now on it takes nothing
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    // The other reader is told the end while the sleeper has taken nothing.
    await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    const seqs: bigint[] = [];
    let settled = 0;
    for (let next = await asleep.next(); !next.done; next = await asleep.next()) {
      for (const { seq, body } of next.value.events) {
        seqs.push(seq);
        if (body.case !== "messageCompleted") continue;
        const [part] = body.value.message?.parts ?? [];
        settled = Number(part?.full?.size ?? 0n);
      }
      if (next.value.events.some(endOf(turnId))) break;
    }
    sleeper.abort();
    assert.equal(settled, 4 * 1024 * 1024);
    assert.deepEqual(
      seqs,
      Array.from({ length: seqs.length }, (_, i) => BigInt(i + 2)),
    );
  });
});
