import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { type Endpoint, ForeignEndpointError, type Link } from "../../core/component/link.ts";
import { remoteCall } from "../../core/component/testing/fake-driver.ts";
import { createMcpDriver } from "./mcp-driver.ts";

const processes = new Set<number>();
const logged: string[] = [];
const driver = createMcpDriver({
  version: "0",
  async onProcess(_, pid) {
    processes.add(pid);
  },
  onExit: (_, pid) => void processes.delete(pid),
  onLog: (_, line) => void logged.push(line),
});
const forever = () => new AbortController().signal;

/** A program that answers as the older revision does; `more` is run for each other request. */
const program = (more: string, first = "") => `
  ${first};
  const say = (message) => console.log(JSON.stringify({ jsonrpc: "2.0", ...message }));
  const serverInfo = { name: "it", version: "1" };
  const lines = require("node:readline").createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    const capabilities = { tools: { listChanged: true } };
    if (method === "initialize") {
      const { protocolVersion } = params;
      return say({ id, result: { protocolVersion, capabilities, serverInfo } });
    }
    if (method === "tools/list") {
      const inputSchema = { type: "object" };
      return say({ id, result: { tools: [{ name: "it", inputSchema }] } });
    }
    if (method === "server/discover") return say({ id, error: { code: -32601, message: "no" } });
    ${more}
  });
`;
const answer =
  'if (method === "tools/call") say({ id, result: { content: [{ type: "text", text: "fine" }] } });';

const stdio = (text: string, cwd = tmpdir()): Endpoint => ({
  ...{ kind: "stdio", command: [process.execPath, "-e", text], cwd },
  env: { PATH: process.env["PATH"] ?? "" },
});

const textOf = (result: Awaited<ReturnType<Link["call"]>>) =>
  result.kind === "answer"
    ? result.parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("")
    : `${result.kind}: ${result.why}`;

describe("programs over their standard input and output", () => {
  let link: Link | undefined;
  const connect = async (text: string, cwd?: string) => {
    link = await driver.connect("it", stdio(text, cwd), () => {}, forever());
    return link;
  };
  afterEach(async () => {
    await link?.close();
    await link?.down;
    assert.deepEqual([...processes], [], "no process is left");
  });

  it("may write what is no message, and break lines anywhere", async () => {
    const noise =
      'console.log("starting…"); console.log("42"); console.log("null"); console.log("")';
    const { call } = await connect(program(answer, noise));
    assert.equal(textOf(await call(remoteCall("it"))), "fine");
  });

  it("may answer at length, and are ended for a line without an end", async () => {
    const large = 'say({ id, result: { content: [{ type: "text", text: "x".repeat(8e6) }] } });';
    const { call } = await connect(program(`if (method === "tools/call") ${large}`));
    assert.equal(textOf(await call(remoteCall("it"))).length, 8e6);
    await link?.close();
    const endless = 'const more = () => process.stdout.write("x".repeat(1e6), more); more();';
    const second = await connect(program(`if (method === "tools/call") { ${endless} }`));
    const told = await second.call({ ...remoteCall("it"), idleTimeout: 9000, callTimeout: 9000 });
    assert.equal(told.kind, "down");
    assert.match(await second.down, /a line of more than 16777216 characters/);
  });

  it("are logged line by line, however they write them", async () => {
    const bytes = 'const bytes = Buffer.from("the sécret\\nis out\\nand more");';
    const writes =
      "for (const byte of bytes) require('node:fs').writeSync(2, Buffer.from([byte]));";
    logged.length = 0;
    await connect(program(answer, bytes + writes));
    await link?.close();
    await link?.down;
    assert.deepEqual(logged, ["the sécret", "is out", "and more"]);
  });

  it("say with what they ended, also before they answered anything", async () => {
    await assert.rejects(connect("process.exit(3)"), /its process ended with code 3/);
    const { down, pid } = await connect(program(answer));
    process.kill(pid, "SIGKILL");
    assert.equal(await down, "its process ended by SIGKILL");
  });

  it("cannot be started in a folder that does not exist", async () => {
    const nowhere = join(tmpdir(), "there-is-no-such-folder");
    await assert.rejects(connect("", nowhere), /it could not be started: .*ENOENT/);
  });

  it("are ended when they never answer and nobody waits any more", async () => {
    const enough = new AbortController();
    const trying = driver.connect(
      ...(["it", stdio("setInterval(() => {}, 1000)"), () => {}, enough.signal] as const),
    );
    while (processes.size === 0) await new Promise(setImmediate);
    const why = new Error("ten seconds are over");
    enough.abort(why);
    await assert.rejects(trying, why);
    while (processes.size > 0) await new Promise(setImmediate);
  });

  it("are started by nobody who waits no more", async () => {
    const why = new Error("it is closed");
    const trying = driver.connect("it", stdio(program(answer)), () => {}, AbortSignal.abort(why));
    await assert.rejects(trying, why);
    assert.equal(processes.size, 0);
  });

  it("are told of a call that is canceled", async () => {
    const heard = `
      if (method === "tools/call" && params.name === "hang") {
        globalThis.hung = id;
        const { progressToken } = params._meta;
        say({ method: "notifications/progress", params: { progressToken, progress: 1 } });
      } else if (method === "notifications/cancelled") globalThis.heard = params.requestId === hung;
      else if (method === "tools/call") {
        say({ id, result: { content: [{ type: "text", text: String(globalThis.heard) }] } });
      }`;
    const { call } = await connect(program(heard));
    const cancel = new AbortController();
    const begun = Promise.withResolvers<void>();
    const hanging = call({ ...remoteCall("hang", cancel.signal), progress: () => begun.resolve() });
    await begun.promise;
    const why = new Error("the turn was canceled");
    cancel.abort(why);
    await assert.rejects(hanging, why);
    assert.equal(textOf(await call(remoteCall("it"))), "true");
  });

  it("may ask a person for the one call that is open, and for none of two", async () => {
    const asks = `
      if (method === "tools/call") {
        globalThis.calls = [...(globalThis.calls ?? []), id];
        if (calls.length < params.arguments.of) return;
        const requestedSchema = { type: "object", properties: { a: { type: "string" } } };
        say({ id: "ask", method: "elicitation/create", params: { message: "?", requestedSchema } });
      } else if (id === "ask") {
        const text = JSON.parse(line).result.action;
        for (const one of calls.splice(0)) say({ id: one, result: { content: [{ type: "text", text }] } });
      }`;
    const { call } = await connect(program(asks));
    let asked = 0;
    const ask = async () => {
      asked++;
      return [];
    };
    const make = (of: number) => call({ ...remoteCall("it"), arguments: { of }, ask });
    assert.equal(textOf(await make(1)), "accept");
    assert.deepEqual((await Promise.all([make(2), make(2)])).map(textOf), ["decline", "decline"]);
    assert.equal(asked, 1);
  });
});

type Handle = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Answers as an older server does that knows no event streams; other requests go to `other`. */
const older =
  (other: (response: ServerResponse, id: unknown) => void): Handle =>
  (request, response, body) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { id, method, params } = JSON.parse(body);
    const say = (message: object) =>
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ jsonrpc: "2.0", id, ...message }));
    const { protocolVersion } = params ?? {};
    const capabilities = { tools: {} };
    const tools = [{ name: "it", inputSchema: { type: "object" } }];
    if (method === "initialize") {
      const serverInfo = { name: "it", version: "1" };
      say({ result: { protocolVersion, capabilities, serverInfo } });
    } else if (method === "tools/list") say({ result: { tools } });
    else if (method === "tools/call") other(response, id);
    else if (id === undefined) response.writeHead(202).end();
    else say({ error: { code: -32601, message: "no" } });
  };

describe("servers over HTTP", () => {
  const servers: Server[] = [];
  async function serve(handle: Handle): Promise<{ endpoint: Endpoint; server: Server }> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => handle(request, response, Buffer.concat(chunks).toString("utf8")));
    });
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
    const url = `http://127.0.0.1:${port}/mcp`;
    return { server, endpoint: { kind: "http", url, headers: {}, pid: 0, serverName: "it" } };
  }
  const connect = (endpoint: Endpoint) => driver.connect("it", endpoint, () => {}, forever());
  const refused = (status: number, headers = {}) =>
    serve((_, response) => void response.writeHead(status, headers).end());
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it("that refuse the token are not whom the file means", async () => {
    for (const status of [401, 403]) {
      const { endpoint } = await refused(status);
      await assert.rejects(connect(endpoint), (error) => {
        assert.ok(error instanceof ForeignEndpointError);
        assert.match(error.message, new RegExp(`refuses the token \\(HTTP ${status}\\)`));
        return true;
      });
    }
  });

  it("that send elsewhere are not followed: the token stays here", async () => {
    let isAsked = false;
    const other = await serve((_, response) => {
      isAsked = true;
      response.end();
    });
    assert.ok(other.endpoint.kind === "http");
    const { endpoint } = await refused(307, { location: other.endpoint.url });
    await assert.rejects(connect(endpoint));
    assert.equal(isAsked, false);
  });

  it("that are in trouble, or break off, may be tried again", async () => {
    const isOnlyTrouble = (error: unknown) => !(error instanceof ForeignEndpointError);
    const { endpoint } = await refused(503);
    await assert.rejects(connect(endpoint), isOnlyTrouble);
    const broken = await serve((_, response) => void response.destroy());
    await assert.rejects(connect(broken.endpoint), isOnlyTrouble);
  });

  it("that never answer are left when nobody waits any more", async () => {
    const { endpoint, server } = await serve(() => {});
    const enough = new AbortController();
    const trying = driver.connect("it", endpoint, () => {}, enough.signal);
    await once(server, "request");
    const why = new Error("ten seconds are over");
    enough.abort(why);
    await assert.rejects(trying, why);
  });

  it("that die in mid-call, without a stream, are told of at once", async () => {
    const { endpoint, server } = await serve(
      older(() => {
        server.close();
        server.closeAllConnections();
      }),
    );
    const link = await connect(endpoint);
    const limits = { idleTimeout: 20_000, callTimeout: 20_000 };
    const began = performance.now();
    const told = await link.call({ ...remoteCall("it"), ...limits });
    assert.equal(told.kind, "down");
    assert.match(await link.down, /it is gone/);
    assert.ok(performance.now() - began < 1000);
    await link.close();
  });

  it("whose answer is too long for anybody do not fill the memory", async () => {
    const piece = Buffer.alloc(1024 * 1024, "x");
    const isLeft = Promise.withResolvers<void>();
    const { endpoint } = await serve(
      older((response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.on("close", isLeft.resolve);
        const more = (error?: Error | null) => void (error || response.write(piece, more));
        more();
      }),
    );
    const link = await connect(endpoint);
    const limits = { idleTimeout: 20_000, callTimeout: 20_000 };
    const told = await link.call({ ...remoteCall("it"), ...limits });
    assert.equal(
      textOf(told),
      "Its answer was not read: it sent more than 16777216 bytes at once.",
    );
    await link.close();
  });

  it("time out without a sign of life, and in all", async () => {
    const { endpoint } = await serve(older(() => {}));
    const link = await connect(endpoint);
    const silent = await link.call({ ...remoteCall("it"), idleTimeout: 30 });
    assert.match(textOf(silent), /^timeout: It gave no sign of life for 0.03 s/);
    const long = await link.call({ ...remoteCall("it"), callTimeout: 30 });
    assert.match(textOf(long), /^timeout: It took longer than 0.03 s/);
    await link.close();
  });
});
