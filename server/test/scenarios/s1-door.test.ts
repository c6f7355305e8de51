import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { infoOf } from "@daphnia/client/reasons";
import type { Event } from "@daphnia/protocol/event";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { failToStart } from "../failed-start.ts";

const index = "<!doctype html><title>A page</title>";
const info = "/daphnia.v1.DaemonService/GetInfo";
const createSession = "/daphnia.v1.SessionService/CreateSession";

type Headers = Readonly<Record<string, string>>;
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

describe("S1: what stands before the TCP port", () => {
  let daemon: DaemonProcess;
  let folder: string;
  let port: number;
  let token: string;
  /** What a page of the daemon sends with every post. */
  let own: Headers;

  /** Sends a path as it is written, over the TCP port or the socket. */
  async function send(
    method: string,
    path: string,
    headers: Headers = {},
    body?: string,
    socketPath?: string,
  ): Promise<Answer> {
    const place = socketPath === undefined ? { host: "127.0.0.1", port } : { socketPath };
    return new Promise((resolve, reject) => {
      const sent = request({ ...place, method, path, headers, agent: false }, (answer) => {
        text(answer).then(
          (read) =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read }),
          reject,
        );
      });
      sent.on("error", reject).end(body);
    });
  }

  const login = (code: string, headers = own) =>
    send("POST", "/login", headers, JSON.stringify({ code }));

  /** A cookie, as a browser keeps it. */
  async function letIn(): Promise<string> {
    const { code } = await daemon.client.daemon.createLoginCode({});
    const { status, headers } = await login(code);
    assert.equal(status, 204);
    return String(headers["set-cookie"]).split(";", 1)[0] ?? "";
  }

  async function findPort(): Promise<void> {
    const { addresses } = await daemon.client.daemon.getInfo({});
    port = Number(/^127\.0\.0\.1:(\d+)$/.exec(addresses.at(-1) ?? "")?.[1]);
    own = { "content-type": "application/json", origin: `http://127.0.0.1:${port}` };
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "dph-page-"));
    await mkdir(join(folder, "dist"));
    await writeFile(join(folder, "secret"), "a secret");
    await writeFile(join(folder, "dist", "index.html"), index);
    daemon = await startDaemonProcess({
      config: '[listen]\nhosts = ["daphnia.example"]\n',
      environment: { DAPHNIA_TCP_PORT: "0", TEST_DASHBOARD: join(folder, "dist") },
    });
    token = (await readFile(join(daemon.home, "run", "token"), "utf8")).trim();
    await findPort();
  });
  after(async () => {
    await daemon?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it("refuses who shows no token, another origin, another host, or sends a form", async () => {
    const bearer = { authorization: `Bearer ${token}` };
    const good = { ...own, ...bearer };
    const form = { ...good, "content-type": "application/x-www-form-urlencoded" };
    const cases: [string, number, Headers][] = [
      ["the token", 200, { ...bearer, "content-type": "application/json" }],
      ["the token and our origin", 200, good],
      ["no token", 401, own],
      ["a wrong token", 401, { ...own, authorization: "Bearer no" }],
      ["the word without a token", 401, { ...own, authorization: "Bearer" }],
      ["another origin", 403, { ...good, origin: "http://evil.test" }],
      ["no place's origin", 403, { ...good, origin: "null" }],
      ["an origin that begins like ours", 403, { ...good, origin: `${own["origin"]}.evil.test` }],
      ["from another site", 403, { ...good, "sec-fetch-site": "cross-site" }],
      ["another host, as by DNS rebinding", 421, { ...good, host: `evil.test:${port}` }],
      ["a form", 415, form],
      ["a form as text", 415, { ...good, "content-type": "text/plain" }],
      ["a form with a file", 415, { ...good, "content-type": "multipart/form-data; boundary=x" }],
      ["a form without a token", 415, { ...form, authorization: "" }],
    ];
    for (const [what, status, headers] of cases) {
      const answer = await send("POST", info, headers, "{}");
      assert.equal(answer.status, status, what);
      assert.equal(answer.headers["access-control-allow-origin"], undefined, what);
    }
    const preflight = { origin: "http://evil.test", "access-control-request-method": "POST" };
    assert.equal((await send("OPTIONS", info, preflight)).status, 403);
  });

  it("does not start where another address than loopback would be served", async () => {
    const home = join(folder, "open-home");
    await mkdir(home, { mode: 0o700 });
    await writeFile(join(home, "daphnia.toml"), '[listen]\naddress = "0.0.0.0"\n');
    const { code, said } = await failToStart(home);
    assert.deepEqual([code, /listen\.address/.test(said)], [1, true], said);
  });

  it("lets a page in by a code, once, and by its cookie from then on", async () => {
    const { code, urls, expireTime } = await daemon.client.daemon.createLoginCode({});
    assert.deepEqual(urls, [
      `http://127.0.0.1:${port}/login#code=${code}`,
      `https://daphnia.example/login#code=${code}`,
    ]);
    assert.equal(Buffer.from(code, "base64url").length, 24);
    const left = Number(expireTime?.seconds) - Date.now() / 1000;
    assert.ok(left > 30 && left <= 60, String(left));
    const { status, headers, body } = await login(code);
    assert.deepEqual([status, body], [204, ""]);
    const [set = ""] = [headers["set-cookie"]].flat();
    assert.match(set, /; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/);
    assert.ok(!set.includes(token) && !set.includes(code));
    const cookie = set.split(";", 1)[0] ?? "";
    assert.equal((await send("POST", info, { ...own, cookie }, "{}")).status, 200);
    assert.equal((await login(code)).status, 401, "it was used");
    assert.equal((await login("never-made")).status, 401);
  });

  it("makes codes for nobody who is not the owner", async () => {
    const path = "/daphnia.v1.DaemonService/CreateLoginCode";
    assert.equal((await send("POST", path, own, "{}")).status, 401);
    const cookie = await letIn();
    const made = await send("POST", path, { ...own, cookie }, "{}");
    assert.equal((await login(JSON.parse(made.body).code)).status, 204);
  });

  it("lets no page log in that is not its own", async () => {
    const { code } = await daemon.client.daemon.createLoginCode({});
    const cases: [string, number, Headers][] = [
      ["no origin", 403, { "content-type": "application/json" }],
      ["another origin", 403, { ...own, origin: "http://evil.test" }],
      ["another port's origin", 403, { ...own, origin: "http://127.0.0.1:1" }],
      ["another host", 421, { ...own, host: "evil.test" }],
      ["a form", 415, { ...own, "content-type": "application/x-www-form-urlencoded" }],
      ["text", 415, { ...own, "content-type": "text/plain" }],
    ];
    for (const [what, status, headers] of cases) {
      assert.equal((await login(code, headers)).status, status, what);
    }
    const byQuery = await send("GET", `/login?code=${code}`, own);
    assert.deepEqual([byQuery.status, byQuery.headers["set-cookie"]], [200, undefined]);
    assert.equal((await login(code)).status, 204, "none of them used it up");
  });

  it("counts a cookie only where a page of its own posts", async () => {
    const cookie = await letIn();
    const get = `${info}?connect=v1&encoding=json&message=%7B%7D`;
    const cases: [string, number, string, string, Headers][] = [
      ["a GET", 401, "GET", get, { cookie }],
      ["a GET with our origin", 401, "GET", get, { cookie, origin: own["origin"] ?? "" }],
      ["no origin", 401, "POST", info, { "content-type": "application/json", cookie }],
      ["another origin", 403, "POST", info, { ...own, cookie, origin: "http://evil.test" }],
      ["another host", 421, "POST", info, { ...own, cookie, host: "evil.test" }],
      ["a form", 415, "POST", createSession, { ...own, cookie, "content-type": "text/plain" }],
      ["a forged cookie", 401, "POST", info, { ...own, cookie: `${cookie.slice(0, -3)}AAA` }],
      ["beside a wrong token", 401, "POST", info, { ...own, cookie, authorization: "Bearer no" }],
      ["a page of ours", 200, "POST", info, { ...own, cookie }],
    ];
    for (const [what, status, method, path, headers] of cases) {
      const answer = await send(method, path, headers, method === "POST" ? "{}" : undefined);
      assert.equal(answer.status, status, what);
    }
  });

  it("serves the page's files to whoever names its host, and leads nobody out of them", async () => {
    const page = await send("GET", "/sessions/0197");
    assert.deepEqual([page.status, page.body], [200, index]);
    const policy = String(page.headers["content-security-policy"]);
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.split("; ").includes(part), part);
    }
    assert.deepEqual(
      ["x-content-type-options", "referrer-policy", "cross-origin-opener-policy"].map(
        (name) => page.headers[name],
      ),
      ["nosniff", "no-referrer", "same-origin"],
    );
    const { etag = "" } = page.headers;
    const again = await send("GET", "/", { "if-none-match": String(etag) });
    assert.deepEqual([again.status, again.body], [304, ""]);
    const head = await send("HEAD", "/");
    assert.deepEqual(
      [head.status, head.body, head.headers["content-length"]],
      [200, "", String(index.length)],
    );
    assert.equal((await send("GET", "/", { host: "evil.test" })).status, 421);
    for (const path of [
      ...["/../secret", "/%2e%2e/secret", "/%252e%252e%252fsecret", "/..%5csecret", "/..\\secret"],
      ...[
        "/%00",
        "/index.html%00.js",
        "//secret",
        "/%2fsecret/../../secret",
        "/assets/../../secret",
      ],
    ]) {
      const { status, body } = await send("GET", path);
      assert.deepEqual([status, body], [404, "not found\n"], path);
    }
  });

  it("has none of it on the socket, where a cookie is nobody's business", async () => {
    const { code } = await daemon.client.daemon.createLoginCode({});
    for (const [method, path] of [
      ["GET", "/"],
      ["POST", "/login"],
      ["POST", "/logout"],
    ] as const) {
      const body = method === "POST" ? JSON.stringify({ code }) : undefined;
      const { status, headers } = await send(method, path, own, body, daemon.socket);
      assert.deepEqual([status, headers["set-cookie"]], [404, undefined], path);
    }
    assert.equal((await login(code)).status, 204);
  });

  it("is the same over HTTP/2", async () => {
    const cookie = await letIn();
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const statusOf = async (headers: Headers) => {
      const stream = session.request({ ":method": "POST", ":path": info, ...headers });
      const status = new Promise((resolve, reject) => {
        stream.on("response", (answer) => resolve(answer[":status"])).on("error", reject);
      });
      stream.end("{}");
      await text(stream);
      return status;
    };
    try {
      assert.equal(await statusOf({ ...own, cookie }), 200);
      assert.equal(await statusOf({ ...own }), 401);
      assert.equal(await statusOf({ ...own, cookie, origin: "http://evil.test" }), 403);
      assert.equal(await statusOf({ ...own, cookie, ":authority": "evil.test" }), 421);
    } finally {
      session.close();
    }
  });

  it("logs no page out by a restart, and every one by another token", async () => {
    const cookie = await letIn();
    const ask = async () => (await send("POST", info, { ...own, cookie }, "{}")).status;
    const { code } = await daemon.client.daemon.createLoginCode({});
    await daemon.stop();
    await daemon.start();
    await findPort();
    assert.equal(await ask(), 200);
    assert.equal((await login(code)).status, 401, "a code is of one run");
    await daemon.stop();
    await rm(join(daemon.home, "run", "token"));
    await daemon.start();
    await findPort();
    assert.equal(await ask(), 401);
  });

  it("tells of who was refused", async () => {
    const told: Event[] = [];
    const options = { after: "beginning", untilCaughtUp: true, noDeltas: true } as const;
    const selector = { bodies: ["access_denied"] };
    for await (const { events } of daemon.client.watch({ ...options, selector })) {
      told.push(...events);
    }
    const denials = told.flatMap(({ body }) => (body.case === "accessDenied" ? [body.value] : []));
    assert.ok(denials.length > 0);
    // One for a minute of each of the three runs: a flood of refusals is no flood of events.
    assert.ok(denials.length <= 3, `${denials.length} events`);
    for (const { peer, count } of denials)
      assert.deepEqual([peer, count >= 1], ["127.0.0.1", true]);
  });

  it("makes no code where no browser could go with it", async () => {
    const closed = await startDaemonProcess();
    try {
      await assert.rejects(closed.client.daemon.createLoginCode({}), (error) => {
        assert.equal(infoOf(error)?.reason, "WRONG_STATE");
        assert.match(String(error), /\[listen\] tcp/);
        return true;
      });
    } finally {
      await closed.remove();
    }
  });
});
