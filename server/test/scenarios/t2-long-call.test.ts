import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { SessionState } from "@daphnia/protocol/session";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { quantile } from "../watching/residence.ts";

/** How long the call takes, and within what everything else is over for sure. */
const callMs = 5000;
const hang = 3000;

const scripts = {
  long: `
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = ${callMs} }
  [[turn.step]]
  say = "I waited."
`,
  short: `
chunk = 8
pace_ms = 2
repeat = "last"
[[turn]]
  [[turn.step]]
  say = "${"streamed ".repeat(40)}"
`,
};

describe("a tool call that takes long", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    for (const [name, toml] of Object.entries(scripts)) await daemon.script(name, toml);
  });
  after(() => daemon.remove());

  it("T2: lets another session stream, and lists, reads and info answer meanwhile", async (t) => {
    const { client } = daemon;
    const long = await createSession(daemon, "long");
    const started = await prompt(client, long, "go");
    const selector = { sessions: [long] };
    const isCalling = ({ body }: { body: { case?: string | undefined } }) =>
      body.case === "toolCallStarted";
    await eventsUntil(client, { after: started.cursor, selector }, isCalling);
    const short = await createSession(daemon, "short");
    const times = new Map<string, number[]>();
    const timed = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
      const began = performance.now();
      const answer = await call();
      times.set(name, [...(times.get(name) ?? []), performance.now() - began]);
      return answer;
    };
    for (let i = 0; i < 5; i++) {
      await timed("a turn", () => streamedTurn(daemon, short));
      const { sessions } = await timed("ListSessions", () => client.sessions.listSessions({}));
      assert.ok(sessions.some(({ id }) => id === short));
      const { session } = await timed("GetSession", () =>
        client.sessions.getSession({ sessionId: long }),
      );
      assert.equal(session?.state, SessionState.RUNNING, "the call is not over yet");
      const info = await timed("GetInfo", () => client.daemon.getInfo({}));
      assert.equal(info.runningTurns, 1);
    }
    for (const [name, taken] of times) {
      const sorted = taken.toSorted((a, b) => a - b);
      t.diagnostic(`${name}: ${quantile(sorted, 0.5).toFixed(1)} ms in the middle`);
      assert.ok((sorted.at(-1) ?? 0) < hang, `${name} took ${sorted.at(-1)} ms`);
    }
    const events = await eventsUntil(client, { after: started.cursor, selector }, endOf());
    assert.ok(events.some(({ body }) => body.case === "toolCallFinished"));
  });
});

/** A turn of which pieces were told before it was over. */
async function streamedTurn({ client }: DaemonProcess, sessionId: string): Promise<void> {
  const { turnId, cursor } = await prompt(client, sessionId, "go");
  const pieces: WatchResponse["deltas"] = [];
  for await (const { events, deltas } of client.watch({
    after: cursor,
    selector: { sessions: [sessionId] },
  })) {
    pieces.push(...deltas);
    if (events.some(endOf(turnId))) break;
  }
  assert.ok(pieces.length > 5, `${pieces.length} pieces were told`);
}
