import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ShutdownRequestSchema } from "@daphnia/protocol/daemon_service";
import { ErrorInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { failure } from "./testing/outcomes.ts";
import { kinds, openStage, token } from "./testing/stage.ts";

const most = 1024;
/** A text of which a request that holds nothing else is as long as the limit, or a byte longer. */
const fits = "x".repeat(most - 3);
const over = `${fits}x`;

function assertTooLong(error: ConnectError, limit = most): void {
  assert.equal(error.code, Code.ResourceExhausted);
  assert.ok(error.rawMessage.includes(`at most ${limit} bytes (max_message_bytes)`));
  assert.deepEqual(
    error.findDetails(ErrorInfoSchema).map(({ reason, domain, metadata }) => ({
      reason,
      domain,
      metadata,
    })),
    [
      {
        reason: "LIMIT_REACHED",
        domain: "daphnia",
        metadata: { limit: "max_message_bytes", max: String(limit) },
      },
    ],
  );
}

for (const where of ["socket", "tcp"] as const) {
  for (const kind of kinds) {
    describe(`a message that is too long, over ${where} with ${kind}`, () => {
      it("is refused with its limit, and the connection stays", async () => {
        await using stage = await openStage(where, {}, { maxReadBytes: most });
        const { daemon, events } = stage.client(kind);
        assertTooLong(await failure(daemon.shutdown({ reason: over })));
        const watch = events.watch({ from: { case: "afterCursor", value: over } });
        assertTooLong(await failure(watch[Symbol.asyncIterator]().next()));
        assert.equal((await daemon.getInfo({})).version, "test");
        assert.deepEqual(stage.bugs, []);
      });

      it("is taken where it is as long as the limit", async () => {
        await using stage = await openStage(where, {}, { maxReadBytes: most });
        const { daemon, events } = stage.client(kind);
        // Nobody serves it here: it was read.
        assert.equal((await failure(daemon.shutdown({ reason: fits }))).code, Code.Unimplemented);
        const stop = new AbortController();
        const from = { case: "afterCursor", value: fits } as const;
        const watch = events.watch({ from }, { signal: stop.signal })[Symbol.asyncIterator]();
        assert.equal((await watch.next()).done, false);
        stop.abort();
      });

      it("is refused where it is sent for a while yet", async () => {
        const larger = 64 * most;
        await using stage = await openStage(where, {}, { maxReadBytes: larger });
        const { daemon } = stage.client(kind);
        const refused = await failure(daemon.shutdown({ reason: "x".repeat(15 * larger) }));
        assertTooLong(refused, larger);
        assert.equal((await daemon.getInfo({})).version, "test");
      });
    });
  }
}

describe("a plain HTTP request that is too long", () => {
  const path = "POST /daphnia.v1.DaemonService/Shutdown HTTP/1.1\r\n";
  const head = `${path}Connection: close\r\nAuthorization: Bearer ${token}\r\n`;
  const json = JSON.stringify({ reason: "x".repeat(2000) });

  it("is refused in JSON, with and without a length", async () => {
    await using stage = await openStage("socket", {}, { maxReadBytes: most });
    const type = "Host: any\r\nContent-Type: application/json\r\n";
    const sized = `${head}${type}Content-Length: ${json.length}\r\n\r\n${json}`;
    assertRefused(await exchange(stage.dial(), Buffer.from(sized)));
    const chunks = `${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`;
    const unsized = `${head}${type}Transfer-Encoding: chunked\r\n\r\n${chunks}`;
    assertRefused(await exchange(stage.dial(), Buffer.from(unsized)));
  });

  it("is refused when only what was packed is too long", async () => {
    await using stage = await openStage("tcp", {}, { maxReadBytes: most });
    const message = create(ShutdownRequestSchema, { reason: "x".repeat(100_000) });
    const packed = gzipSync(toBinary(ShutdownRequestSchema, message));
    assert.ok(packed.length < most);
    const lines = [
      `Host: 127.0.0.1:${stage.port}`,
      "Content-Type: application/proto",
      "Content-Encoding: gzip",
      `Content-Length: ${packed.length}`,
    ];
    const request = Buffer.from(`${head}${lines.join("\r\n")}\r\n\r\n`);
    assertRefused(await exchange(stage.dial(), Buffer.concat([request, packed])));
  });
});

function assertRefused(answer: string): void {
  assert.match(answer, /^HTTP\/1.1 429/);
  assert.match(answer, /"code":"resource_exhausted"/);
  assert.match(answer, /at most 1024 bytes \(max_message_bytes\)/);
  assert.match(answer, /"reason":"LIMIT_REACHED"/);
}

async function exchange(socket: Socket, request: Uint8Array): Promise<string> {
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  socket.write(request);
  if (!socket.closed) await once(socket, "close");
  return answer;
}
