import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { bindPort } from "./bind.ts";
import { cursorsOf, failure, info, json, reasonOf } from "./testing/outcomes.ts";
import { answerTo, kinds, openStage, type Stage, token } from "./testing/stage.ts";

describe("a listener's TCP door", () => {
  const ask = async (stage: Stage, headers: Record<string, string>) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return (await answerTo(stage.dial(), `${info}${lines.join("")}${json}`)).slice(9, 12);
  };
  it("lets in only our hosts, our origins and our token", async () => {
    await using stage = await openStage("tcp");
    const own = `127.0.0.1:${stage.port}`;
    const good = { Host: own, Authorization: `Bearer ${token}` };
    const cases: [string, Record<string, string>][] = [
      ["200", good],
      ["200", { ...good, Host: `LOCALHOST:${stage.port}` }],
      ["200", { ...good, Host: `[::1]:${stage.port}` }],
      ["200", { ...good, Host: "d.test", Origin: "https://d.test" }],
      [
        "200",
        { ...good, Origin: `http://localhost:${stage.port}`, "Sec-Fetch-Site": "same-origin" },
      ],
      ["421", { ...good, Host: "evil.test" }],
      ["421", { ...good, Host: "127.0.0.1" }],
      ["400", { ...good, Host: `${own}.evil.test` }],
      ["421", { ...good, Host: `x@${own}` }],
      ["403", { ...good, Origin: "null" }],
      ["403", { ...good, Origin: "http://evil.test" }],
      ["403", { ...good, Origin: `https://${own}` }],
      ["403", { ...good, "Sec-Fetch-Site": "cross-site" }],
      ["401", { Host: own }],
      ["401", { ...good, Authorization: "Bearer wrong" }],
      ["401", { ...good, Authorization: `Basic ${token}` }],
      ["401", { Host: own, "X-Forwarded-For": "127.0.0.1" }],
    ];
    for (const [status, headers] of cases) {
      assert.equal(await ask(stage, headers), status, JSON.stringify(headers));
    }
    assert.equal(stage.denied.length, cases.filter(([status]) => status !== "200").length);
  });

  for (const kind of kinds) {
    it(`answers unauthenticated in ${kind}, to unary calls and streams`, async () => {
      await using stage = await openStage("tcp");
      const { daemon, events } = stage.client(kind, {});
      const calls = [() => daemon.getInfo({}), () => cursorsOf(events.watch({}))];
      for (const call of calls) {
        const error = await failure(call());
        assert.deepEqual([error.code, reasonOf(error)], [Code.Unauthenticated, "UNAUTHENTICATED"]);
      }
      assert.equal(stage.places.taken, 0);
    });
    it(`names both versions to ${kind} of another major`, async () => {
      await using stage = await openStage("socket");
      const error = await failure(
        stage.client(kind, { "daphnia-protocol": "2.1" }).daemon.getInfo({}),
      );
      assert.equal(error.code, Code.FailedPrecondition);
      assert.deepEqual(error.findDetails(ErrorInfoSchema)[0]?.metadata, {
        client: "2.1",
        daemon: "1",
      });
      assert.ok(await stage.client(kind, { "daphnia-protocol": "1.7" }).daemon.getInfo({}));
    });
  }

  it("serves loopback only", async () => {
    await assert.rejects(bindPort(createServer(), { host: "0.0.0.0", port: 0 }), /loopback/);
  });
});
