import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AgentService } from "@daphnia/protocol/agent_service";
import { ApprovalService } from "@daphnia/protocol/approval_service";
import { BlobService } from "@daphnia/protocol/blob_service";
import { ComponentService } from "@daphnia/protocol/component_service";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";
import { SessionService } from "@daphnia/protocol/session_service";
import { startComponent, untilTold } from "../component-process.ts";
import { casesOf, createSession, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import {
  bufCurl,
  bufCurlCall,
  bufCurlStream,
  type Call,
  curl,
  curlCall,
  startBufCurl,
  urlOf,
  withoutCurl,
} from "../plain-tools.ts";
import { tour, tourAsksScript, tourScript } from "../tour.ts";

const say = '[[turn]]\n[[turn.step]]\nsay = "I need no key."\n';
const json = ["-H", "content-type: application/json", "-d"];

const services = [
  AgentService,
  ApprovalService,
  BlobService,
  ComponentService,
  DaemonService,
  EventService,
  SessionService,
];
const methods = services.flatMap((service) => service.methods);
const namesOf = (of: typeof methods) => of.map(({ parent, name }) => `${parent.typeName}/${name}`);
const unary = namesOf(methods.filter(({ methodKind }) => methodKind === "unary")).sort();
const streams = namesOf(methods.filter(({ methodKind }) => methodKind !== "unary")).sort();

describe("plain tools", { skip: withoutCurl }, () => {
  let daemon: DaemonProcess;
  before(async () => {
    // A login code needs a port that a browser could go to.
    daemon = await startDaemonProcess({ environment: { DAPHNIA_TCP_PORT: "0" } });
    await daemon.script("tour", tourScript);
    await daemon.script("tour-asks", tourAsksScript);
    await daemon.script("say", say);
  });
  after(() => daemon?.remove());

  const tools: [string, () => Call][] = [
    ["curl", () => curlCall(daemon.socket, "POST")],
    ["curl, with GET for what only reads", () => curlCall(daemon.socket, "GET")],
    ["buf curl", () => bufCurlCall(daemon.socket)],
  ];
  for (const [name, open] of tools) {
    it(`A3: every unary RPC is called by ${name}`, async () => {
      const called = new Set<string>();
      const call = open();
      await tour((method, request) => {
        called.add(`${method.parent.typeName}/${method.name}`);
        return call(method, request);
      }, daemon);
      assert.deepEqual([...called].sort(), unary);
      // The tour ends with Shutdown; a stop after it is the same stop.
      assert.equal(await daemon.stop(), 0);
      await daemon.start();
    });
  }

  it("A3: buf curl lists the services and methods without a schema", async () => {
    const listed = await bufCurl(daemon.socket, "--list-services", "http://localhost");
    assert.deepEqual(listed.trim().split("\n"), [
      ...services.map(({ typeName }) => typeName),
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
    const offered = await bufCurl(daemon.socket, "--list-methods", "http://localhost");
    assert.deepEqual(
      offered
        .trim()
        .split("\n")
        .filter((name) => name.startsWith("daphnia."))
        .sort(),
      [...unary, ...streams].sort(),
    );
    const health = "http://localhost/grpc.health.v1.Health/Check";
    assert.match(await bufCurl(daemon.socket, "-d", "{}", health), /"SERVING"/);
  });

  for (const protocol of ["connect", "grpc", "grpcweb"]) {
    it(`A3: buf curl calls and streams over ${protocol}`, async () => {
      const chosen = ["--protocol", protocol];
      const { socket } = daemon;
      const info = await bufCurl(
        socket,
        ...chosen,
        "-d",
        "{}",
        urlOf(DaemonService.method.getInfo),
      );
      assert.equal(JSON.parse(info).pid, daemon.pid());
      const sessionId = await createSession(daemon, "say");
      await daemon.client.sessions.ask({ sessionId, text: "hello" });
      const asked = { selector: { sessions: [sessionId] }, beginning: true, untilCaughtUp: true };
      const told = await bufCurlStream(socket, EventService.method.watch, asked, ...chosen);
      assert.ok(told[0]?.opened);
      assert.deepEqual(casesOf(told.flatMap(({ events }) => events)), [
        ...["sessionCreated", "promptAccepted", "turnStarted", "promptDelivered", "stepStarted"],
        ...["messageCompleted", "stepFinished", "turnFinished"],
      ]);
      assert.equal(told.filter(({ synced }) => synced).length, 1);
    });
  }

  it("A3: every stream is read by buf curl: TailLog ends, Watch goes on as things happen", async () => {
    assert.deepEqual(streams, [
      "daphnia.v1.ComponentService/TailComponentLog",
      "daphnia.v1.DaemonService/TailLog",
      "daphnia.v1.EventService/Watch",
    ]);
    const tail = await bufCurlStream(daemon.socket, DaemonService.method.tailLog, { lines: 5 });
    const lines = tail.flatMap((piece) => piece.lines);
    assert.match(lines.join("\n"), /the daemon serves/);
    const component = startComponent(daemon.home, "told");
    await untilTold(daemon, "componentUp", "told");
    const { tailComponentLog } = ComponentService.method;
    const log = await bufCurlStream(daemon.socket, tailComponentLog, { name: "told", lines: 1 });
    assert.ok(log.flatMap((piece) => piece.lines).length === 1);
    await component.stop();

    const sessionId = await createSession(daemon, "say");
    const asked = { selector: { sessions: [sessionId] } };
    const watching = startBufCurl(daemon.socket, EventService.method.watch, asked);
    let told = "";
    try {
      for await (const piece of watching.output) {
        if (told === "") await prompt(daemon.client, sessionId, "hello");
        told += piece;
        if (told.includes('"turnFinished"')) break;
      }
    } finally {
      await watching.end();
    }
    assert.match(told, /"opened".*"promptAccepted".*"I need no key\.".*"turnFinished"/s);
  });

  it("A3: Ask answers by curl alone", async () => {
    const asked = { text: "hello", model: "scripted/say" };
    const url = urlOf(SessionService.method.ask);
    const answer = JSON.parse(await curl(daemon.socket, url, ...json, JSON.stringify(asked)));
    const { text, outcome, model } = answer;
    assert.deepEqual(
      { text, outcome, model },
      { text: "I need no key.", outcome: "TURN_OUTCOME_COMPLETED", model: "scripted/say" },
    );
  });

  it("A3: ListEvents by curl waits for news, and says where to go on when there is none", async () => {
    const sessionId = await createSession(daemon, "say");
    const call = curlCall(daemon.socket, "POST");
    const selector = { sessions: [sessionId], bodies: ["prompt_accepted"] };
    const { cursor } = await daemon.client.sessions.getSession({ sessionId });
    const list = (wait: { seconds?: bigint; nanos?: number }, afterCursor: string) =>
      call(EventService.method.listEvents, { selector, afterCursor, wait });
    const began = performance.now();
    const silence = await list({ nanos: 300_000_000 }, cursor);
    assert.deepEqual(silence.events, []);
    assert.ok(performance.now() - began >= 300, "it did not wait");

    const waiting = list({ seconds: 60n }, silence.cursor);
    await prompt(daemon.client, sessionId, "hello");
    const news = await waiting;
    assert.deepEqual(casesOf(news.events), ["promptAccepted"]);
    assert.ok(performance.now() - began < 30_000, "news does not wait for the time to be over");
    assert.deepEqual((await list({}, news.cursor)).events, []);
  });
});
