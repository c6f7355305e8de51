import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { ComponentState } from "@daphnia/protocol/component";
import { createManualClock } from "../log/testing/manual-clock.ts";
import { createComponentLife } from "./component-life.ts";
import { type Endpoint, ForeignEndpointError, type RemoteTool } from "./link.ts";
import {
  createFakeDriver,
  type FakeLink,
  remoteCall,
  remoteTool,
  textAnswer,
} from "./testing/fake-driver.ts";

const http: Endpoint = { kind: "http", url: "http://127.0.0.1:1/mcp", headers: {}, pid: 3 };
const stdio: Endpoint = { kind: "stdio", command: ["it"], env: {}, cwd: "/" };
const limits = { ping: 1000, retryPause: 100, idleStop: 5000 };
const canceled = new Error("nobody wants it any more");

function live(endpoint = http, accepts?: readonly RemoteTool[]) {
  const clock = createManualClock();
  const driver = createFakeDriver(accepts);
  const told: string[] = [];
  const life = createComponentLife("one", endpoint, {
    ...{ driver, clock, limits: () => limits },
    onChange: (_, what, calls) => told.push(calls === 0 ? what : `${what} ${calls}`),
  });
  const state = () => ComponentState[life.condition().state];
  /** Lets time pass, and what follows from it happen. */
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  const last = (): FakeLink => {
    const link = driver.links.at(-1);
    if (link === undefined) throw new Error("nothing was ever connected");
    return link;
  };
  return { clock, driver, told, life, state, advance, last };
}

const down = (why: string) => ({ kind: "down", why }) as const;
const underWay =
  "The call was under way: what it did is not known. It was not repeated; look before you do.";

describe("a component's life", () => {
  it("L2: tries again after pauses that double up to sixty times the first", async () => {
    const { driver, advance, life, clock } = live();
    const pauses: number[] = [];
    for (let i = 0; i < 9; i++) {
      await settle();
      driver.tries.at(-1)?.refuse(new Error("nobody listens"));
      await settle();
      const pause = (life.condition().retryAt ?? 0) - clock.now().getTime();
      pauses.push(pause);
      await advance(pause - 1);
      assert.equal(driver.tries.length, i + 1, "not before its time");
      await advance(1);
    }
    assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6000, 6000, 6000]);
    assert.equal(life.condition().lastError, "nobody listens");
  });

  it("L2: takes short pauses again once it has answered a ping", async () => {
    const { driver, advance, last, life, clock } = live();
    const pauseAfter = async (why: string) => {
      last().fall(why);
      await settle();
      return (life.condition().retryAt ?? 0) - clock.now().getTime();
    };
    await settle();
    driver.tries[0]?.refuse(new Error("not yet"));
    await settle();
    await advance(100);
    driver.tries[1]?.accept();
    await settle();
    assert.equal(await pauseAfter("at once"), 200, "to be up for a moment is not enough");
    await advance(200);
    driver.tries[2]?.accept();
    await settle();
    await advance(1000);
    assert.equal(last().pings, 1);
    assert.equal(await pauseAfter("later"), 100);
  });

  it("gives up on who is somebody else, until a person wants another try", async () => {
    const { driver, advance, state, life, clock } = live();
    await settle();
    driver.tries[0]?.refuse(new ForeignEndpointError("it is somebody else"));
    await settle();
    await advance(1e9);
    assert.deepEqual([state(), driver.tries.length, clock.waiting()], ["STALE", 1, 0]);
    assert.deepEqual(
      await life.call(remoteCall("a")),
      down("it is somebody else. Nothing was done."),
    );
    driver.accepts = [];
    await life.reconnect();
    assert.equal(state(), "UP");
  });

  it("L1: answers at once while it is down, and waits while it is being connected", async () => {
    const { driver, life, last } = live();
    const waiting = life.call(remoteCall("a"));
    await settle();
    driver.tries[0]?.accept([remoteTool("a")]);
    await settle();
    last().open[0]?.answer("yes");
    assert.deepEqual(await waiting, textAnswer("yes"));
    last().fall("it broke");
    await settle();
    assert.deepEqual(await life.call(remoteCall("a")), down("it broke. Nothing was done."));
    assert.equal(driver.tries.length, 1);
  });

  it("L1: ends open calls when the connection is lost, and says how many there were", async () => {
    const { life, last, told } = live(http, [remoteTool("a")]);
    await settle();
    const calls = [life.call(remoteCall("a")), life.call(remoteCall("a"))];
    await settle();
    last().fall("its process ended");
    const answer = down(`its process ended. ${underWay}`);
    assert.deepEqual(await Promise.all(calls), [answer, answer]);
    assert.deepEqual(told, ["up", "down 2"]);
    assert.equal(life.openCalls(), 0);
  });

  it("lets a call go that is canceled while it waits for the connection", async () => {
    const { life, clock } = live();
    const cancel = new AbortController();
    const waiting = life.call(remoteCall("a", cancel.signal));
    await settle();
    cancel.abort(canceled);
    await assert.rejects(waiting, canceled);
    assert.equal(life.openCalls(), 0);
    await life.close("over");
    assert.equal(clock.waiting(), 0);
  });

  it("takes nobody for dead who does not answer once, and who does not twice", async () => {
    const { last, advance, state, told, life } = live(http, []);
    await settle();
    last().isSilent = true;
    await advance(1000);
    assert.equal(state(), "UP");
    // Nobody uses it meanwhile: who missed one is asked again all the same.
    await advance(1000);
    assert.equal(state(), "DOWN");
    assert.equal(life.condition().reason, "it did not answer 2 times in a row");
    assert.deepEqual([told, last().isClosed, last().pings], [["up", "down"], true, 2]);
  });

  it("looks no more at who is not used, and not while a call is open", async () => {
    const { last, advance, life } = live(http, []);
    await settle();
    await advance(1000);
    await advance(1000);
    await advance(5000);
    assert.equal(last().pings, 1);
    const call = life.call(remoteCall("a"));
    await settle();
    last().isSilent = true;
    for (let i = 0; i < 5; i++) await advance(1000);
    assert.equal(last().pings, 1);
    last().open[0]?.answer("late, but fine");
    assert.deepEqual(await call, textAnswer("late, but fine"));
  });

  it("L3: stops what has nothing to do, and starts it with its next call", async () => {
    const { driver, advance, state, life, last, told } = live(stdio, [remoteTool("a")]);
    await settle();
    const first = last();
    for (let i = 0; i < 5; i++) await advance(1000);
    assert.deepEqual([state(), first.isClosed, told], ["IDLE", true, ["up", "other"]]);
    await advance(1e9);
    assert.equal(driver.tries.length, 1);
    const call = life.call(remoteCall("a"));
    await settle();
    assert.equal(state(), "UP");
    last().open[0]?.answer("awake");
    assert.deepEqual(await call, textAnswer("awake"));
    assert.equal(life.condition().lastError, "", "to rest is no error");
  });

  it("retires when its open calls have their answers", async () => {
    const { life, last, clock } = live(http, [remoteTool("a")]);
    await settle();
    const call = life.call(remoteCall("a"));
    await settle();
    const retired = life.retire();
    await settle();
    assert.equal(last().isClosed, false);
    last().open[0]?.answer("done");
    assert.deepEqual(await call, textAnswer("done"));
    await retired;
    assert.deepEqual([last().isClosed, clock.waiting()], [true, 0]);
  });

  it("connects anew when a person wants that, and ends open calls as down", async () => {
    const { life, last, driver, state } = live(http, [remoteTool("a")]);
    await settle();
    const first = last();
    const call = life.call(remoteCall("a"));
    await settle();
    await Promise.all([life.reconnect(), life.reconnect()]);
    assert.deepEqual(await call, down(`it was connected anew. ${underWay}`));
    assert.deepEqual([first.isClosed, driver.tries.length, state()], [true, 2, "UP"]);
  });

  it("L4: connects once, whoever wants it while a person connects anew", async () => {
    const { life, driver, last } = live(http, [remoteTool("a")]);
    await settle();
    const again = life.reconnect();
    const call = life.call(remoteCall("a"));
    await again;
    await settle();
    assert.equal(driver.tries.length, 2);
    last().open[0]?.answer("by the second");
    assert.deepEqual(await call, textAnswer("by the second"));
    assert.deepEqual(
      driver.links.map(({ isClosed }) => isClosed),
      [true, false],
    );
  });

  it("L5: leaves no timer and tries nothing once it is closed", async () => {
    for (const endpoint of [http, stdio]) {
      const { life, driver, clock, told, last } = live(endpoint, [remoteTool("a")]);
      await settle();
      await life.close("the daemon stops");
      await settle();
      assert.deepEqual([clock.waiting(), last().isClosed, told], [0, true, ["up"]]);
      assert.deepEqual(
        await life.call(remoteCall("a")),
        down("the daemon stops. Nothing was done."),
      );
      await life.reconnect();
      last().change([remoteTool("b")]);
      assert.deepEqual([driver.tries.length, told], [1, ["up"]]);
    }
  });

  it("L5: closes what arrives too late, and waits for it", async () => {
    const { life, driver, clock, told } = live();
    await settle();
    const late = driver.tries[0]?.accept();
    await life.close("the daemon stops");
    assert.deepEqual([late?.isClosed, clock.waiting(), told], [true, 0, []]);
  });

  it("L5: leaves no timer when it is closed while a ping is under way", async () => {
    const { life, last, clock } = live(http, []);
    await settle();
    last().isSilent = true;
    clock.advance(1000);
    await life.close("the daemon stops");
    await settle();
    assert.equal(clock.waiting(), 0);
  });

  it("tells of tools when they are others, once", async () => {
    const { last, told, life, driver } = live(http, [remoteTool("a")]);
    await settle();
    last().change([remoteTool("a")]);
    assert.deepEqual(told, ["up"]);
    last().change([remoteTool("a"), remoteTool("b")]);
    assert.deepEqual(told, ["up", "up"]);
    const first = last();
    await life.reconnect();
    first.change([remoteTool("c")]);
    assert.deepEqual([told, driver.links.length], [["up", "up", "up"], 2], "who left is not heard");
  });

  it("gives a connection ten seconds", async () => {
    const { advance, state, life } = live();
    await settle();
    await advance(9999);
    assert.equal(state(), "CONNECTING");
    await advance(1);
    assert.deepEqual([state(), life.condition().reason], ["DOWN", "it did not answer within 10 s"]);
    await life.settled;
  });

  it("keeps nothing of a thousand connections", async () => {
    const { life, driver, clock } = live(http, [remoteTool("a")]);
    await settle();
    for (let i = 0; i < 1000; i++) await life.reconnect();
    assert.equal(driver.links.filter(({ isClosed }) => !isClosed).length, 1);
    assert.equal(clock.waiting(), 1, "the watch over the last of them");
  });

  it("says what it leaves out of too many tools", async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => remoteTool(`t${i}`));
    const { life, state } = live(http, many);
    await settle();
    assert.deepEqual([state(), life.tools().length], ["UP", 200]);
    const why = "9800 of its 10000 tools are left out: a component has at most 200";
    assert.equal(life.condition().lastError, why);
  });
});
