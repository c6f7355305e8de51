import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { TurnOutcome } from "@daphnia/protocol/session";
import { createSession, endOf, eventsUntil, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

/** It hangs at its first call and at no later one, so the second attempt answers. */
const hangsOnce = `
pace_ms = 20
chunk = 6
[[turn]]
  [[turn.step]]
  say = "${"a slow answer ".repeat(12)}"
`;

describe("the end of a daemon", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("slow", hangsOnce);
  });
  after(() => daemon.remove());

  it("D5: stops with 20 running turns, exits 0, and each goes on at the next start", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => createSession(daemon, "slow")));
    const cursors = await Promise.all(ids.map((id) => prompt(daemon.client, id, "go")));
    const [first] = cursors;
    assert.ok(first !== undefined);
    // All run: the last of them has begun to speak.
    const selector = { sessions: ids, bodies: ["step_started"] };
    let begun = 0;
    await eventsUntil(daemon.client, { after: first.cursor, selector }, () => ++begun === 20);
    const began = performance.now();
    assert.equal(await daemon.stop(), 0);
    assert.ok(performance.now() - began < 20_000, "it hung");
    await daemon.start();
    for (const [i, sessionId] of ids.entries()) {
      const turnId = cursors[i]?.turnId ?? "";
      const sel = { sessions: [sessionId] };
      await eventsUntil(daemon.client, { after: "beginning", selector: sel }, endOf(turnId));
      const log = await logOf(daemon.client, sessionId);
      const ends = log.flatMap(({ body }) => (body.case === "turnFinished" ? [body.value] : []));
      assert.deepEqual(
        ends.map(({ outcome }) => outcome),
        [TurnOutcome.COMPLETED],
      );
      assert.equal(ends[0]?.output, "a slow answer ".repeat(12));
      const retried = log.flatMap(({ body }) => (body.case === "stepRetried" ? [body.value] : []));
      for (const { supersedesSeq } of retried) {
        const replaced = log.find(({ seq }) => seq === supersedesSeq)?.body;
        if (supersedesSeq > 0n)
          assert.ok(replaced?.case === "messageCompleted" && replaced.value.interrupted);
      }
    }
  });

  it("ends a watch with the reason that the daemon stops", async () => {
    const abort = new AbortController();
    const ready = Promise.withResolvers<void>();
    const seen = (async () => {
      for await (const response of daemon.client.events.watch({}, { signal: abort.signal })) {
        if (response.opened) ready.resolve();
      }
    })();
    await ready.promise;
    const ended = assert.rejects(
      seen,
      (error) => error instanceof ConnectError && error.code === Code.Unavailable,
    );
    assert.equal(await daemon.stop(), 0);
    await ended;
    await daemon.start();
  });

  it("D6: tells a client of another major version both versions", async () => {
    const transport = createConnectTransport({
      httpVersion: "1.1",
      baseUrl: "http://localhost",
      nodeOptions: { socketPath: daemon.socket },
      acceptCompression: [],
    });
    const call = createClient(DaemonService, transport).getInfo(
      {},
      { headers: { "Daphnia-Protocol": "2" } },
    );
    await assert.rejects(
      call,
      (error) =>
        error instanceof ConnectError &&
        error.code === Code.FailedPrecondition &&
        /protocol 2.*speaks 1/.test(error.message),
    );
  });
});
