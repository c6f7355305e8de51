import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { deliver } from "./deliver.ts";

const never = new AbortController().signal;

describe("deliver", () => {
  let folder: string;
  let server: Server;
  let webhook: string;
  let status = 204;
  const posted: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "dph-notify-"));
    server = createServer(async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      posted.push(`${request.method} ${request.headers["content-type"]} ${body}`);
      response.writeHead(status).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    // A server that listens on TCP has an address with a port.
    webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`;
  });
  after(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  it("posts JSON to a webhook", async () => {
    await deliver('{"a":1}', { webhook, command: [] }, never);
    assert.deepEqual(posted, ['POST application/json {"a":1}']);
  });

  it("says what a webhook answers that refuses it", async () => {
    status = 500;
    await assert.rejects(deliver("{}", { webhook, command: [] }, never), /answers 500/);
    status = 204;
  });

  it("writes JSON to a command's standard input", async () => {
    const file = join(folder, "told");
    await deliver('{"b":2}', { webhook: "", command: ["sh", "-c", `cat > '${file}'`] }, never);
    assert.equal(await readFile(file, "utf8"), '{"b":2}');
  });

  it("does not mind a command that reads nothing", async () => {
    await deliver("x".repeat(1_000_000), { webhook: "", command: ["true"] }, never);
  });

  it("says how a command failed", async () => {
    const fails = (...command: string[]) => deliver("{}", { webhook: "", command }, never);
    await assert.rejects(fails("sh", "-c", "exit 3"), /sh ended with 3/);
    await assert.rejects(fails("no-such-program-anywhere"), /ENOENT/);
  });

  it("stops a command when it is told to", async () => {
    const stop = new AbortController();
    const delivered = deliver("{}", { webhook: "", command: ["sleep", "60"] }, stop.signal);
    setImmediate(() => stop.abort(new Error("enough")));
    await assert.rejects(delivered, /aborted/);
  });
});
