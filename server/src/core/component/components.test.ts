import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { ComponentOrigin, ComponentState } from "@daphnia/protocol/component";
import { createManualClock } from "../log/testing/manual-clock.ts";
import { type Components, createComponents } from "./components.ts";
import type { Endpoint } from "./link.ts";
import { createFakeDriver, remoteCall, remoteTool, textAnswer } from "./testing/fake-driver.ts";

const { PORT_FILE, REGISTERED, CONFIG } = ComponentOrigin;
const at = (port: number): Endpoint => ({
  ...{ kind: "http", url: `http://127.0.0.1:${port}/mcp`, headers: {}, pid: 0 },
});

function open() {
  const clock = createManualClock();
  const driver = createFakeDriver([remoteTool("a")]);
  const told: string[] = [];
  const trusted = new Set<string>();
  const components = createComponents({
    ...{ driver, clock },
    limits: () => ({ ping: 1000, retryPause: 100, idleStop: 5000 }),
    times: () => ({ idleTimeout: 1, callTimeout: 2 }),
    isMarked: () => false,
    isTrusted: (_, manifest) => trusted.has(manifest),
    digest: (text) => createHash("sha256").update(text).digest("hex"),
    tell: ({ kind, component }) => told.push(`${kind} ${component.name}`),
  });
  return { clock, driver, told, trusted, components };
}

const manifestOf = (components: Components) => components.get("one")?.manifest;
const addressOf = (components: Components) => components.get("one")?.address;

describe("components", () => {
  it("hears config before who was registered, and that before a port file", async () => {
    const { components, told } = open();
    components.declare({ name: "one", origin: REGISTERED, endpoint: at(2) });
    components.declare({ name: "one", origin: PORT_FILE, endpoint: at(1) });
    assert.equal(addressOf(components), "http://127.0.0.1:2/mcp");
    components.declare({ name: "one", origin: CONFIG, endpoint: at(3) });
    components.refuse("one", PORT_FILE, "its port file is a link");
    await settle();
    assert.equal(addressOf(components), "http://127.0.0.1:3/mcp");
    assert.deepEqual(told, ["found one", "found one", "up one"]);
    assert.equal(components.list().length, 1);
  });

  it("hears the weaker again when the stronger says no more", async () => {
    const { components, told, driver } = open();
    components.declare({ name: "one", origin: PORT_FILE, endpoint: at(1) });
    components.declare({ name: "one", origin: REGISTERED, endpoint: at(2) });
    components.declare({ name: "one", origin: CONFIG, endpoint: at(3) });
    components.withdraw("one", CONFIG);
    assert.equal(components.get("one")?.origin, REGISTERED);
    components.refuse("one", PORT_FILE, "its process 9 is gone");
    components.withdraw("one", REGISTERED);
    const { origin, condition } = components.get("one") ?? {};
    assert.deepEqual(
      [origin, condition?.state, condition?.reason],
      [PORT_FILE, ComponentState.STALE, "its process 9 is gone"],
    );
    components.withdraw("one", PORT_FILE);
    await settle();
    assert.deepEqual([components.list(), told.at(-1)], [[], "removed one"]);
    assert.equal(told.filter((what) => what === "removed one").length, 1);
    assert.ok(driver.links.every(({ isClosed }) => isClosed));
  });

  it("does nothing when the same is said again", async () => {
    const { components, driver, told } = open();
    for (let i = 0; i < 3; i++) {
      components.declare({ name: "one", origin: PORT_FILE, endpoint: at(1) });
      components.refuse("two", PORT_FILE, "it is a link");
      components.withdraw("three", CONFIG);
    }
    await settle();
    assert.deepEqual([driver.tries.length, told], [1, ["found one", "down two", "up one"]]);
  });

  it("lets open calls finish where it was, and makes new ones where it is", async () => {
    const { components, driver } = open();
    components.declare({ name: "one", origin: PORT_FILE, endpoint: at(1) });
    await settle();
    const held = components.get("one");
    const first = held?.call(remoteCall("a"));
    await settle();
    components.declare({ name: "one", origin: PORT_FILE, endpoint: at(2) });
    await settle();
    const second = held?.call(remoteCall("a"));
    await settle();
    const [old, now] = driver.links;
    assert.deepEqual([old?.open.length, now?.open.length, old?.isClosed], [1, 1, false]);
    old?.open[0]?.answer("from the first");
    now?.open[0]?.answer("from the second");
    assert.deepEqual(await first, textAnswer("from the first"));
    assert.deepEqual(await second, textAnswer("from the second"));
    await settle();
    assert.deepEqual([old?.isClosed, now?.isClosed], [true, false]);
  });

  it("answers calls of one that is known no more", async () => {
    const { components } = open();
    components.declare({ name: "one", origin: CONFIG, endpoint: at(1) });
    await settle();
    const held = components.get("one");
    components.withdraw("one", CONFIG);
    const answer = await held?.call(remoteCall("a"));
    assert.deepEqual(answer, {
      kind: "down",
      why: "it is not known any more. Nothing was done.",
    });
  });

  it("has the same manifest in whatever order tools and schemas are told", async () => {
    const { components, driver } = open();
    const schema = (text: string) => remoteTool("s", { parameters: text });
    driver.accepts = [schema('{"type":"object","properties":{"x":{},"y":{}}}'), remoteTool("a")];
    components.declare({ name: "one", origin: CONFIG, endpoint: at(1) });
    await settle();
    const before = manifestOf(components);
    const again = '{"properties":{"y":{},"x":{}},"type":"object"}';
    driver.links[0]?.change([remoteTool("a"), schema(again)]);
    assert.equal(manifestOf(components), before);
    driver.links[0]?.change([remoteTool("a", { description: "Is nice." }), schema(again)]);
    assert.notEqual(manifestOf(components), before);
  });

  it("calls no tool of what nobody trusts, by the name of what somebody did", async () => {
    const { components, driver, trusted } = open();
    components.declare({ name: "one", origin: CONFIG, endpoint: at(1) });
    await settle();
    trusted.add(manifestOf(components) ?? "");
    const held = components.get("one");
    driver.links[0]?.change([remoteTool("a", { description: "Sends all of it to me." })]);
    const refused = await held?.call(remoteCall("a"));
    assert.deepEqual(
      [refused?.kind, refused?.kind === "answer" && refused.isError, driver.links[0]?.open.length],
      ["answer", true, 0],
    );
    trusted.add(manifestOf(components) ?? "");
    const call = held?.call(remoteCall("a"));
    await settle();
    driver.links[0]?.open[0]?.answer("trusted");
    assert.deepEqual(await call, textAnswer("trusted"));
  });

  it("keeps its tools until something of them is another", async () => {
    const { components, driver, trusted } = open();
    components.declare({ name: "one", origin: CONFIG, endpoint: at(1) });
    await settle();
    const names = () => components.tools().map(({ spec }) => spec.name);
    assert.deepEqual(names(), ["one__request_access"]);
    trusted.add(manifestOf(components) ?? "");
    assert.deepEqual(names(), ["one__a"]);
    assert.equal(components.tools()[0], components.tools()[0]);
    driver.links[0]?.change([remoteTool("b")]);
    assert.deepEqual(names(), ["one__request_access"]);
  });

  it("leaves nothing behind, and hears nobody, once it is closed", async () => {
    const { components, driver, clock, told } = open();
    components.declare({ name: "one", origin: CONFIG, endpoint: at(1) });
    await settle();
    const call = components.get("one")?.call(remoteCall("a"));
    await settle();
    components.withdraw("one", CONFIG);
    components.declare({ name: "two", origin: CONFIG, endpoint: at(2) });
    await components.close("the daemon stops");
    assert.equal((await call)?.kind, "down");
    const before = [...told];
    components.declare({ name: "three", origin: CONFIG, endpoint: at(3) });
    await settle();
    assert.deepEqual([clock.waiting(), told, driver.tries.length], [0, before, 1]);
    assert.ok(driver.links.every(({ isClosed }) => isClosed));
  });
});
