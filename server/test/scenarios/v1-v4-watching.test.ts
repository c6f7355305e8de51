import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Event } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const twoCalls = `
chunk = 8
[[turn]]
  [[turn.step]]
  think = "I look twice."
  say = "Two calls."
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 20 }
    [[turn.step.call]]
    tool = "glob"
    arguments = { pattern = "*" }
  [[turn.step]]
  say = "Both are done."
`;

/** 60 pieces of 10 bytes, 5 ms apart. */
const sixty = `
chunk = 10
pace_ms = 5
[[turn]]
  [[turn.step]]
  say = "${"0123456789".repeat(60)}"
`;

/** What a reader holds: it takes a piece only where the last one ended. */
function createViewer(start: string) {
  let [cursor, text, draft, pieces] = [start, "", "", 0];
  return {
    cursor: () => cursor,
    text: () => text,
    pieces: () => pieces,
    held: () => (draft === "" ? {} : { [draft]: BigInt(text.length) }),
    take(response: WatchResponse) {
      cursor = response.cursor;
      for (const { draftId, offset, piece } of response.deltas) {
        if (piece.case !== "text") continue;
        assert.equal(Number(offset), text.length, "a piece begins where the last one ended");
        text += piece.value;
        draft = draftId;
        pieces++;
      }
    },
  };
}

function settledText({ body }: Event): string {
  if (body.case !== "messageCompleted") return "";
  const [part] = body.value.message?.parts ?? [];
  return part?.kind.case === "text" ? part.kind.value : "";
}

const wires = (events: readonly Event[]) =>
  events.map(({ seq, cursor, body }) => `${seq} ${cursor} ${body.case}`);

describe("watching", () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("two", twoCalls);
    await daemon.script("sixty", sixty);
  });
  after(() => daemon.remove());

  it("V1: shows requester and observer the same sequence", async () => {
    const sessionId = await createSession(daemon, "two");
    const observed = eventsUntil(
      daemon.client,
      { after: "beginning", selector: { sessions: [sessionId] } },
      endOf(),
    );
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
    const requested = await eventsUntil(
      daemon.client,
      { after: cursor, selector: { sessions: [sessionId] } },
      endOf(turnId),
    );
    const all = await observed;
    assert.deepEqual(wires(all.slice(1)), wires(requested));
    // Every event of the turn names the earlier one that made it happen.
    const caseOf = new Map(requested.map(({ seq, body }) => [seq, body.case]));
    assert.deepEqual(
      requested.map(({ cause, body }) => [body.case, caseOf.get(cause?.seq ?? 0n)]),
      [
        ["promptAccepted", undefined],
        ["turnStarted", "promptAccepted"],
        ["promptDelivered", "promptAccepted"],
        ["stepStarted", "turnStarted"],
        ["messageCompleted", "stepStarted"],
        ["stepFinished", "stepStarted"],
        ["toolCallStarted", "messageCompleted"],
        ["toolCallStarted", "messageCompleted"],
        ["toolCallFinished", "messageCompleted"],
        ["toolCallFinished", "messageCompleted"],
        ["stepStarted", "turnStarted"],
        ["messageCompleted", "stepStarted"],
        ["stepFinished", "stepStarted"],
        ["turnFinished", "turnStarted"],
      ],
    );
    const [message] = requested.flatMap(({ body }) =>
      body.case === "messageCompleted" ? [body.value.message] : [],
    );
    const calls = message?.parts.flatMap(({ kind }) =>
      kind.case === "toolCall" ? [kind.value] : [],
    );
    assert.deepEqual(
      calls?.map(({ tool, arguments: text }) => [tool, text]),
      [
        ["wait", '{"ms":20}'],
        ["glob", '{"pattern":"*"}'],
      ],
    );
    assert.ok(calls?.every(({ callId }) => callId.startsWith("call-")));
  });

  it("V3: resumes in mid-message with every byte of the answer once", async () => {
    const sessionId = await createSession(daemon, "sixty");
    const selector = { sessions: [sessionId] };
    const { cursor: start } = await prompt(daemon.client, sessionId, "go");
    const viewer = createViewer(start);
    // The raw RPC, so that nothing but the protocol is judged.
    const watchUntil = async (isEnough: (response: WatchResponse) => boolean) => {
      const abort = new AbortController();
      const { cursor, held } = viewer;
      const from = { case: "afterCursor", value: cursor() } as const;
      const request = { selector, from, drafts: held() };
      const { signal } = abort;
      for await (const response of daemon.client.events.watch(request, { signal })) {
        viewer.take(response);
        if (isEnough(response)) break;
      }
      abort.abort();
    };
    await watchUntil(() => viewer.pieces() >= 25);
    const cutAt = viewer.text().length;
    assert.ok(cutAt > 0 && cutAt < 600, "the viewer was cut in mid-message");
    let settled = "";
    await watchUntil(({ events }) => {
      settled = events.map(settledText).join("");
      return settled !== "";
    });
    assert.equal(settled, "0123456789".repeat(60));
    assert.ok(viewer.text().length > cutAt, "the rest was told live");
    assert.ok(settled.startsWith(viewer.text()));
  });

  it("V4: an old cursor brings two missed turns, then what is live, over a restart too", async () => {
    const sessionId = await createSession(daemon, "two");
    const selector = { sessions: [sessionId] };
    const { cursor } = await prompt(daemon.client, sessionId, "one");
    await eventsUntil(daemon.client, { after: cursor, selector }, endOf());
    const { turnId: second } = await prompt(daemon.client, sessionId, "two");
    await eventsUntil(daemon.client, { after: cursor, selector }, endOf(second));
    assert.equal(await daemon.stop(), 0);
    await daemon.start();
    const { turnId: third } = await prompt(daemon.client, sessionId, "three");
    const events = await eventsUntil(daemon.client, { after: cursor, selector }, endOf(third));
    assert.deepEqual(events.filter(({ body }) => body.case === "turnFinished").length, 3);
    assert.deepEqual(
      events.map(({ seq }) => Number(seq)),
      Array.from({ length: events.length }, (_, i) => i + 2),
    );
  });
});
