import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import {
  createRoundPlayer,
  idleTimeout,
  type Outcome,
  type Round,
  type RoundPlayer,
} from "./rounds.ts";

/** Sixty in CI; more in `npm run trust`. */
const rounds = Number(process.env["DAPHNIA_COMPONENT_ROUNDS"] ?? 60);

const transports = ["port file", "url", "stdio"] as const;
const actions = ["kill", "stop", "restart"] as const;
const expected = { kill: "COMPONENT_DOWN", stop: "TIMEOUT", restart: "COMPONENT_DOWN" } as const;

/** Sockets that a process holds open. */
function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith("socket:");
    } catch {
      return false; // it was closed meanwhile
    }
  }).length;
}

describe("components that die in mid-call", { timeout: 60_000 + rounds * 3000 }, () => {
  let player: RoundPlayer;
  before(async () => {
    player = await createRoundPlayer();
  });
  after(() => player.close());

  it(`${rounds} rounds: every call is answered in time, and nothing is left`, async (test) => {
    const outcomes: Outcome[] = [];
    let sockets = 0;
    for (let i = 0; i < rounds; i++) {
      const round: Round = {
        transport: transports[i % 3] ?? "stdio",
        action: actions[Math.floor(i / 3) % 3] ?? "kill",
      };
      outcomes.push(await player.play(round));
      if (i === 8 && process.platform === "linux") sockets = socketsOf(player.daemon.pid());
    }
    const slowest = Math.max(
      ...outcomes.filter(({ action }) => action !== "stop").map(({ told }) => told),
    );
    const latest = Math.max(
      ...outcomes.filter(({ action }) => action === "stop").map(({ told }) => told),
    );
    test.diagnostic(
      `killed: told within ${Math.round(slowest)} ms; stopped: ${Math.round(latest)} ms`,
    );
    const wrong = outcomes.filter(({ action, status }) => status !== expected[action]);
    assert.deepEqual(wrong, []);
    assert.ok(slowest < 1000, `one that was killed was told of after ${slowest} ms`);
    assert.ok(latest < idleTimeout + 1000, `one that was stopped was told of after ${latest} ms`);
    const { components } = await player.daemon.client.components.listComponents({});
    assert.deepEqual(
      components.map(({ openCalls }) => openCalls),
      [0, 0, 0],
    );
    if (process.platform !== "linux") return;
    const left = socketsOf(player.daemon.pid());
    assert.ok(left <= sockets + 8, `${sockets} sockets after nine rounds, ${left} at the end`);
  });
});
