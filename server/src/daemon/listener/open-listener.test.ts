import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { shuttingDown } from "../../services/error-interceptor.ts";
import { closeOf, failure, firstOf, info, json, settled } from "./testing/outcomes.ts";
import { answerTo, kinds, openStage, type Stage, token, untilEnd } from "./testing/stage.ts";

for (const where of ["socket", "tcp"] as const) {
  describe(`a listener's ${where}`, () => {
    const bearer = `Authorization: Bearer ${token}\r\n`;
    it("survives every bad host and still answers", async () => {
      await using stage = await openStage(where);
      const hosts = ["Host: a b", "Host: [", "Host:", "X: y", "Host: tmp%2Fd.sock", "Host: \u00ff"];
      for (const host of hosts) {
        const status = (await answerTo(stage.dial(), `${info}${host}\r\n${bearer}${json}`)).slice(
          9,
          12,
        );
        if (where === "socket") assert.match(status, /200|400/, host);
        else assert.match(status, /400|421/, host);
      }
      const old = info.replace("1.1", "1.0");
      await answerTo(stage.dial(), `${old}${bearer}${json}`);
      for (const authority of ["tmp%2Fd.sock", "a b", "["]) {
        const session = stage.http2();
        const stream = session.request({
          ":method": "POST",
          ":path": "/daphnia.v1.DaemonService/GetInfo",
          ":authority": authority,
          "content-type": "application/json",
        });
        stream
          .on("error", () => {})
          .end("{}")
          .resume();
        await closeOf(stream);
        session.destroy();
      }
      assert.equal((await stage.client("connect h1").daemon.getInfo({})).version, "test");
      assert.deepEqual(stage.errors.map(String), []);
    });

    it("closes garbage and a connection that never says enough", async () => {
      await using stage = await openStage(where, {}, { headerTimeout: 100 });
      assert.match(
        await answerTo(stage.dial(), "\x16\x03\x01\x02\x00garbage\r\n\r\n"),
        /^HTTP\/1.1 400/,
      );
      assert.equal(await answerTo(stage.dial(), "PRI * HTT"), "");
      assert.equal(await answerTo(stage.dial(), ""), "");
      assert.match(
        await answerTo(stage.dial(), "POST / HTTP/1.1\r\nHost: x\r\n"),
        /^HTTP\/1.1 408/,
      );
    });

    it("refuses headers that are too long, in both versions", async () => {
      await using stage = await openStage(where);
      const long = "x".repeat(20_000);
      const answer = await answerTo(
        stage.dial(),
        `${info}Host: localhost\r\nX: ${long}\r\n${json}`,
      );
      assert.match(answer, /^HTTP\/1.1 431/);
      const stream = stage.http2().request({ ":path": "/", x: long });
      stream.on("error", () => {}).resume();
      let status: unknown;
      stream.on("response", (headers) => {
        status = headers[":status"];
      });
      await closeOf(stream);
      assert.equal(status, 431);
    });

    it("closes a connection over the limit at once", async () => {
      await using stage = await openStage(where, {}, { maxConnections: 1 });
      const clients = stage.client("connect h2");
      await clients.daemon.getInfo({});
      const second = stage.dial();
      second.resume();
      await once(second, "close");
      assert.equal((await clients.daemon.getInfo({})).version, "test");
    });

    it("refuses a message over the limit and keeps the connection", async () => {
      await using stage = await openStage(where, {}, { maxReadBytes: 1024 });
      const { daemon } = stage.client("connect h2");
      const large = await failure(daemon.shutdown({ reason: "x".repeat(2000) }));
      assert.equal(large.code, Code.ResourceExhausted);
      assert.equal((await daemon.getInfo({})).version, "test");
    });

    it("answers 404 to what is no RPC", async () => {
      await using stage = await openStage(where);
      const host = where === "tcp" ? `127.0.0.1:${stage.port}` : "any";
      const answer = await answerTo(
        stage.dial(),
        `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1.1 404[\s\S]*not found/);
    });

    it("handles pipelined requests one after another", async () => {
      let running = 0;
      let most = 0;
      await using stage = await openStage(where, {
        getInfo: async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          return { version: "test" };
        },
      });
      const head = `${info}Host: 127.0.0.1:${stage.port}\r\n${bearer}`;
      const kept = `${head}${json.replace("Connection: close\r\n", "")}`;
      const answer = await answerTo(stage.dial(), `${kept}${kept}${kept}${head}${json}`);
      assert.equal(answer.match(/HTTP\/1.1 200/g)?.length, 4);
      assert.equal(most, 1);
    });

    for (const kind of ["h1", "h2"] as const) {
      it(`resets a ${kind} stream whose reader stalls, and no idle one`, async () => {
        const ended = Promise.withResolvers<void>();
        let opened = 0;
        await using stage = await openStage(
          where,
          {
            async *watch(context) {
              if (++opened === 1) return yield* untilEnd(context);
              try {
                while (!context.signal.aborted) yield { cursor: "x".repeat(100_000) };
              } finally {
                ended.resolve();
              }
            },
          },
          { stallTimeout: 200 },
        );
        const leave = new AbortController();
        const idle = await firstOf(stage.client("connect h2"), leave.signal);
        const stalled = await stallingReader(stage, kind);
        await ended.promise;
        await settled(stage, 1);
        stalled.destroy();
        const next = idle.next();
        leave.abort();
        assert.equal((await failure(next)).code, Code.Canceled);
      });
    }

    it("cuts off at the deadline what does not end", async () => {
      await using stage = await openStage(where, {
        async *watch() {
          yield { cursor: "first" };
          await new Promise(() => {});
        },
      });
      for (const kind of kinds) await firstOf(stage.client(kind), new AbortController().signal);
      stage.dial();
      await stage.listener.close(100, shuttingDown());
      await settled(stage, 0);
    });
  });
}

/** Opens a watch and reads nothing of it. */
async function stallingReader(stage: Stage, kind: "h1" | "h2"): Promise<{ destroy(): void }> {
  const path = "/daphnia.v1.EventService/Watch";
  const body = Buffer.from([0, 0, 0, 0, 2, 123, 125]);
  const headers = { "content-type": "application/connect+json", authorization: `Bearer ${token}` };
  if (kind === "h2") {
    const session = stage.http2();
    const stream = session.request({ ":method": "POST", ":path": path, ...headers });
    stream.on("error", () => {}).end(body);
    await once(stream, "response");
    return session;
  }
  const socket: Socket = stage.dial();
  await once(socket, "connect");
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const host = `Host: 127.0.0.1:${stage.port}\r\nContent-Length: ${body.length}\r\n`;
  socket.pause();
  socket.write(`POST ${path} HTTP/1.1\r\n${host}${lines.join("")}\r\n`);
  socket.write(body);
  return socket;
}
