import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../../core/log/testing/manual-clock.ts";
import { createLogins } from "./logins.ts";
import { createStreamPlaces } from "./stream-places.ts";
import { plainRequest } from "./testing/plain-request.ts";
import { openStage, type Stage, token } from "./testing/stage.ts";

const info = "/daphnia.v1.DaemonService/GetInfo";
const json = { "content-type": "application/json" };

async function open() {
  const clock = createManualClock();
  const logins = createLogins(token, clock);
  const pages = { folder: "/none", logins };
  const stage = await openStage("tcp", {}, {}, createStreamPlaces(10), pages);
  const origin = `http://127.0.0.1:${stage.port}`;
  const own = { ...json, origin };
  const login = (code: string, headers: Record<string, string> = own) =>
    plainRequest(stage.port, "POST", "/login", headers, JSON.stringify({ code }));
  return { clock, logins, stage, own, login, [Symbol.asyncDispose]: () => close(stage) };
}
const close = (stage: Stage) => stage[Symbol.asyncDispose]();
const pairOf = (set: string[] | undefined) => set?.[0]?.split(";", 1)[0] ?? "";

describe("a login", () => {
  it("gives a cookie by which the page posts, and a logout takes it back", async () => {
    await using bench = await open();
    const { stage, own } = bench;
    const { status, headers, body } = await bench.login(bench.logins.codes.mint().code);
    assert.deepEqual([status, headers["cache-control"], body.length], [204, "no-store", 0]);
    const cookie = pairOf(headers["set-cookie"]);
    const called = await plainRequest(stage.port, "POST", info, { ...own, cookie }, "{}");
    assert.deepEqual([called.status, called.body.toString()], [200, '{"version":"test"}']);
    const left = await plainRequest(stage.port, "POST", "/logout", own);
    assert.deepEqual(
      [left.status, pairOf(left.headers["set-cookie"])],
      [204, `${cookie.split("=", 1)[0]}=`],
    );
    assert.match(String(left.headers["set-cookie"]), /Max-Age=0/);
    assert.deepEqual([stage.denied, stage.errors], [[], []]);
  });

  it("that comes through TLS gives a cookie for TLS only", async () => {
    await using bench = await open();
    const through = { ...json, host: "d.test", origin: "https://d.test" };
    const { headers } = await bench.login(bench.logins.codes.mint().code, through);
    assert.match(String(headers["set-cookie"]), /^__Host-.*; Secure$/);
    const cookie = pairOf(headers["set-cookie"]);
    const { port } = bench.stage;
    const ask = async (more: Record<string, string>) =>
      (await plainRequest(port, "POST", info, { ...more, cookie }, "{}")).status;
    assert.deepEqual([await ask(through), await ask(bench.own)], [200, 401]);
  });

  it("with a code that is too old, used or nobody's is refused, and told of", async () => {
    await using bench = await open();
    const { codes } = bench.logins;
    const [late, used] = [codes.mint().code, codes.mint().code];
    assert.equal((await bench.login(used)).status, 204);
    bench.clock.advance(60_000);
    for (const code of [late, used, "", "guess"]) {
      const { status, headers } = await bench.login(code);
      assert.deepEqual([status, headers["set-cookie"]], [401, undefined], code);
    }
    assert.equal(bench.stage.denied.length, 4);
  });

  it("is not looked at after too many wrong codes", async () => {
    await using bench = await open();
    for (let i = 0; i < 30; i++) assert.equal((await bench.login(`guess-${i}`)).status, 401);
    const { status, headers } = await bench.login(bench.logins.codes.mint().code);
    assert.deepEqual([status, headers["retry-after"]], [429, "60"]);
    assert.equal(bench.stage.denied.length, 31);
    bench.clock.advance(60_000);
    assert.equal((await bench.login(bench.logins.codes.mint().code)).status, 204);
  });

  it("that no page of ours can have sent is refused, and uses no code up", async () => {
    await using bench = await open();
    const { stage, own } = bench;
    const { code } = bench.logins.codes.mint();
    const form = "application/x-www-form-urlencoded";
    const cases: [number, Record<string, string>][] = [
      [403, json],
      [403, { ...own, origin: "null" }],
      [403, { ...own, origin: "http://evil.test" }],
      [403, { ...own, origin: `http://127.0.0.1:${stage.port + 1}` }],
      [403, { ...own, "sec-fetch-site": "cross-site" }],
      [421, { ...own, host: "evil.test" }],
      [415, { ...own, "content-type": form }],
      [415, { ...own, "content-type": "text/plain" }],
      [415, { ...own, "content-type": "multipart/form-data; boundary=x" }],
      [415, { origin: own.origin }],
    ];
    for (const [status, headers] of cases) {
      assert.equal((await bench.login(code, headers)).status, status, JSON.stringify(headers));
    }
    for (const body of ["", "{}", "[]", "null", '{"code":1}', "{", `{"code":"${code}`]) {
      const answer = await plainRequest(stage.port, "POST", "/login", own, body);
      assert.equal(answer.status, 400, body);
    }
    const long = `{"code":"${code}","more":"${"x".repeat(100_000)}"}`;
    assert.equal((await plainRequest(stage.port, "POST", "/login", own, long)).status, 400);
    const put = await plainRequest(stage.port, "PUT", "/login", own, `{"code":"${code}"}`);
    assert.equal(put.status, 405);
    assert.equal((await bench.login(code)).status, 204);
    assert.deepEqual(stage.errors, []);
  });

  it("that its sender leaves is no failure of ours", async () => {
    await using bench = await open();
    const { stage, own } = bench;
    const socket = stage.dial();
    const head = `POST /login HTTP/1.1\r\nHost: 127.0.0.1:${stage.port}\r\nOrigin: ${own.origin}\r\n`;
    socket.write(`${head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{`);
    const stream = stage.http2().request({
      ":method": "POST",
      ":path": "/login",
      ":authority": `127.0.0.1:${stage.port}`,
      ...own,
    });
    stream.on("error", () => {}).write("{");
    // What is answered on a later connection shows that both were read.
    assert.equal((await bench.login("guess")).status, 401);
    socket.destroy();
    stream.destroy();
    assert.equal((await bench.login("guess")).status, 401);
    // All that is told is what Node says of a message that was cut off.
    for (const error of stage.errors) {
      assert.equal((error as { code?: string }).code, "HPE_INVALID_EOF_STATE");
    }
  });
});

describe("a page's cookie", () => {
  it("counts where a page of ours posts, and nowhere else", async () => {
    await using bench = await open();
    const { stage, own } = bench;
    const { headers } = await bench.login(bench.logins.codes.mint().code);
    const cookie = pairOf(headers["set-cookie"]);
    const get = `${info}?connect=v1&encoding=json&message=%7B%7D`;
    const cases: [string, number, string, string, Record<string, string>][] = [
      ["a POST of our page", 200, "POST", info, { ...own, cookie }],
      ["without an origin", 401, "POST", info, { ...json, cookie }],
      ["another origin", 403, "POST", info, { ...own, cookie, origin: "http://evil.test" }],
      [
        "our host, another port",
        403,
        "POST",
        info,
        { ...own, cookie, origin: "http://localhost:1" },
      ],
      ["another host", 421, "POST", info, { ...own, cookie, host: "evil.test" }],
      ["from another site", 403, "POST", info, { ...own, cookie, "sec-fetch-site": "cross-site" }],
      ["a GET", 401, "GET", get, { origin: own.origin, cookie }],
      ["a GET without an origin", 401, "GET", get, { cookie }],
      ["a form", 415, "POST", info, { ...own, cookie, "content-type": "text/plain" }],
      ["beside a wrong token", 401, "POST", info, { ...own, cookie, authorization: "Bearer no" }],
      ["no cookie", 401, "POST", info, own],
    ];
    for (const [what, status, method, path, sent] of cases) {
      const body = method === "POST" ? "{}" : undefined;
      const answer = await plainRequest(stage.port, method, path, sent, body);
      assert.equal(answer.status, status, what);
    }
  });
});
