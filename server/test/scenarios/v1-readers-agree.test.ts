import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ownerToken } from "@daphnia/client/home";
import type { Event } from "@daphnia/protocol/event";
import { missingBrowser } from "../../../clients/sdk/src/testing/browser.ts";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import {
  pythonWithGrpc,
  type Reading,
  readWithBrowser,
  readWithCurl,
  readWithPython,
  readWithSdk,
} from "../readers/readers.ts";

/** Whatever an encoding may stumble over: other alphabets, broken arguments, a long text. */
const script = `
chunk = 3
repeat = "from_start"
[[turn]]
  [[turn.step]]
  think = "Grüße, 世界 👩‍🚀 — \\u0000 and \\ufeff too."
  say = "Two calls: 🎉."
    [[turn.step.call]]
    tool = "glob"
    arguments = { pattern = "*.ß" }
    [[turn.step.call]]
    tool = "nothing-like-it"
    raw_arguments = '{"deep": [9007199254740993, 1e400, "é"], "deep": null'
  [[turn.step]]
  say = "${"long 🐘 ".repeat(12_000)}"
`;

/** A call that goes on until somebody cancels it. */
const endless = `
[[turn]]
  [[turn.step]]
  say = "I wait."
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 600000 }
`;

describe("four readers of one log", () => {
  let daemon: DaemonProcess;
  let baseUrl: string;
  let token: string;
  /** A place with events on both sides. */
  let middle = "";
  const readings = new Map<string, Reading>();

  before(async () => {
    daemon = await startDaemonProcess({ environment: { DAPHNIA_TCP_PORT: "0" } });
    await daemon.script("words", script);
    await daemon.script("endless", endless);
    const sessionId = await createSession(daemon, "words");
    await turn(sessionId);
    // What comes before is read from the store, and what comes after from memory.
    assert.equal(await daemon.stop(), 0);
    await daemon.start();
    middle = (await turn(sessionId)).at(2)?.cursor ?? "";
    await canceledTurn();
    const { addresses } = await daemon.client.daemon.getInfo({});
    baseUrl = `http://${addresses.find((address) => !address.startsWith("/"))}`;
    token = await ownerToken({ home: daemon.home });
    for (const place of ["", middle]) {
      readings.set(place, await readWithSdk(daemon.socket, place));
    }
  });
  after(() => daemon.remove());

  async function turn(sessionId: string): Promise<Event[]> {
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "go on 🚦");
    const selector = { sessions: [sessionId] };
    return eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
  }

  async function canceledTurn(): Promise<void> {
    const sessionId = await createSession(daemon, "endless");
    const { turnId, cursor } = await prompt(daemon.client, sessionId, "wait");
    const options = { after: cursor, selector: { sessions: [sessionId] } };
    const isRunning = ({ body }: Event) => body.case === "toolCallStarted";
    await eventsUntil(daemon.client, options, isRunning);
    await daemon.client.sessions.cancelTurn({ sessionId, turnId });
    await eventsUntil(daemon.client, options, endOf(turnId));
  }

  /** Reads both ranges in another way, and compares with what the SDK read. */
  async function agree(read: (place: string) => Promise<Reading>, isBinary: boolean) {
    for (const [place, { events, raw }] of readings) {
      const told = await read(place);
      assert.deepEqual(
        told.events.map(({ cursor }) => cursor),
        events.map(({ cursor }) => cursor),
      );
      assert.deepEqual(told.events, events);
      if (isBinary) assert.deepEqual(told.raw, raw);
    }
  }

  it("has something to disagree about", () => {
    const all = readings.get("");
    const rest = readings.get(middle);
    assert.ok(all !== undefined && rest !== undefined);
    const cases = new Set<string | undefined>(all.events.map(({ body }) => body.case));
    for (const body of ["daemonStarted", "messageCompleted", "toolCallFinished", "turnFinished"]) {
      assert.ok(cases.has(body), body);
    }
    assert.equal(all.raw.length, all.events.length);
    assert.ok(rest.raw.length > 10);
    assert.deepEqual(rest.raw, all.raw.slice(-rest.raw.length));
    assert.notEqual(rest.raw.length, all.raw.length);
  });

  it("tells curl the same, in JSON", async () => {
    await agree((place) => readWithCurl(daemon.socket, place), false);
  });

  const noPython =
    !process.env["CI"] &&
    pythonWithGrpc() === undefined &&
    "needs python3-grpcio: install it with your system's packages";
  it("tells Python the same bytes, by gRPC", { skip: noPython }, async () => {
    await agree((place) => readWithPython(daemon.socket, place), true);
  });

  const noBrowser = missingBrowser() ?? false;
  it("tells a browser the same bytes, by the web build", { skip: noBrowser }, async () => {
    await agree((place) => readWithBrowser({ baseUrl, token }, place), true);
  });
});
