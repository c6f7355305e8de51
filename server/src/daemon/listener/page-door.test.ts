import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { createManualClock } from "../../core/log/testing/manual-clock.ts";
import { shuttingDown } from "../../services/error-interceptor.ts";
import { createLogins } from "./logins.ts";
import { createStreamPlaces } from "./stream-places.ts";
import { plainRequest } from "./testing/plain-request.ts";
import { openStage, type Stage, token } from "./testing/stage.ts";
import type { TransportLimits } from "./transport-limits.ts";

const index = "<!doctype html><title>Daphnia</title>";
const script = "console.log(1);\n".repeat(100);
const large = "x".repeat(4 * 1024 * 1024);

describe("the files of a page", () => {
  let folder: string;
  const pages = () => ({
    folder: join(folder, "dist"),
    logins: createLogins(token, createManualClock()),
  });
  const open = (limits: Partial<TransportLimits> = {}): Promise<Stage> =>
    openStage("tcp", {}, limits, createStreamPlaces(10), pages());

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "pages-"));
    const assets = join(folder, "dist", "assets");
    await mkdir(assets, { recursive: true });
    await writeFile(join(folder, "secret.txt"), "a secret");
    await writeFile(join(folder, "dist", "index.html"), index);
    await writeFile(join(assets, "main-Ab3_-x9Z.js"), script);
    await writeFile(join(assets, "main-Ab3_-x9Z.js.gz"), gzipSync(script));
    await writeFile(join(assets, "main-Ab3_-x9Z.js.br"), brotliCompressSync(script));
    await writeFile(join(assets, "large-Ab3_-x9Z.txt"), large);
    await writeFile(join(assets, "empty.css"), "");
    await symlink(join(folder, "secret.txt"), join(folder, "dist", "link.txt"));
  });
  after(() => rm(folder, { recursive: true }));

  it("say what they are, and what a page of theirs may do", async () => {
    await using stage = await open();
    const page = await plainRequest(stage.port, "GET", "/");
    assert.deepEqual([page.status, page.body.toString()], [200, index]);
    const {
      "content-type": type,
      "cache-control": cache,
      "x-content-type-options": sniff,
    } = page.headers;
    assert.deepEqual([type, cache, sniff], ["text/html; charset=utf-8", "no-cache", "nosniff"]);
    assert.match(String(page.headers["content-security-policy"]), /^default-src 'none';/);
    const asset = await plainRequest(stage.port, "GET", "/assets/main-Ab3_-x9Z.js?v=1");
    assert.equal(asset.body.toString(), script);
    assert.equal(asset.headers["content-type"], "text/javascript; charset=utf-8");
    assert.match(String(asset.headers["cache-control"]), /immutable/);
    const empty = await plainRequest(stage.port, "GET", "/assets/empty.css");
    assert.deepEqual([empty.status, empty.body.length], [200, 0]);
    assert.deepEqual(stage.errors, []);
  });

  it("are packed as the browser wants them", async () => {
    await using stage = await open();
    const ask = (encoding: string) =>
      plainRequest(stage.port, "GET", "/assets/main-Ab3_-x9Z.js", { "accept-encoding": encoding });
    const [br, gzip, plain] = [
      await ask("gzip, deflate, br, zstd"),
      await ask("gzip;q=0.5, br;q=0"),
      await ask("identity"),
    ];
    assert.deepEqual(
      [br, gzip, plain].map(({ headers }) => [headers["content-encoding"], headers.vary]),
      [
        ["br", "accept-encoding"],
        ["gzip", "accept-encoding"],
        [undefined, "accept-encoding"],
      ],
    );
    assert.equal(brotliDecompressSync(br.body).toString(), script);
    assert.equal(gunzipSync(gzip.body).toString(), script);
    assert.equal(plain.body.toString(), script);
  });

  it("are not sent again to who has them, and a HEAD has no body", async () => {
    await using stage = await open();
    const { headers } = await plainRequest(stage.port, "GET", "/");
    const same = { "if-none-match": `"other", ${headers.etag}` };
    const again = await plainRequest(stage.port, "GET", "/", same);
    assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, headers.etag]);
    const other = await plainRequest(stage.port, "GET", "/", { "if-none-match": 'W/"other"' });
    assert.equal(other.status, 200);
    const head = await plainRequest(stage.port, "HEAD", "/");
    assert.deepEqual(
      [head.status, head.headers["content-length"], head.body.length],
      [200, String(index.length), 0],
    );
  });

  it("are those of the newest build", async () => {
    await using stage = await open();
    const asked = "/assets/next-Ab3_-x9Z.js";
    assert.equal((await plainRequest(stage.port, "GET", asked)).status, 404);
    await writeFile(join(folder, "dist", asked), "next");
    await utimes(join(folder, "dist", "index.html"), 1, 1);
    await plainRequest(stage.port, "GET", "/");
    assert.equal((await plainRequest(stage.port, "GET", asked)).body.toString(), "next");
    await rm(join(folder, "dist", asked));
    assert.equal((await plainRequest(stage.port, "GET", asked)).status, 404);
  });

  it("are the page itself wherever it may stand, and nothing where it may not", async () => {
    await using stage = await open();
    const pages = ["/", "/index.html", "/login", "/sessions/0197-a", "/sessions/a%20b?at=3", "/a/"];
    const nothing = [
      ...["/favicon.ico", "/assets/none-Ab3_-x9Z.js", "/assets/main-Ab3_-x9Z.js.br"],
      ...["/daphnia.v1.NoService/Call?connect=v1", "/link.txt", "//", "/a//b"],
    ];
    for (const path of pages) {
      const { status, body } = await plainRequest(stage.port, "GET", path);
      assert.deepEqual([status, body.toString()], [200, index], path);
    }
    for (const path of nothing) {
      assert.equal((await plainRequest(stage.port, "GET", path)).status, 404, path);
    }
  });

  it("are all that can be had: no path leads out of their folder", async () => {
    await using stage = await open();
    const ups = ["..", "%2e%2e", "%252e%252e", ".%2e", "..%00", "..;"];
    const separators = ["/", "%2f", "%252f", "\\", "%5c", "%255c"];
    const paths = ups.flatMap((up) =>
      separators.flatMap((separator) =>
        ["/", "/assets/", "/assets/../"].map((start) => `${start}${up}${separator}secret.txt`),
      ),
    );
    const odd = ["/%", "/%zz", "/%00", "/secret.txt%00.js", "/C:\\secret.txt", "/*/.txt"];
    for (const path of [...paths, ...odd]) {
      const { status, body } = await plainRequest(stage.port, "GET", path);
      assert.deepEqual([status, body.includes("secret")], [404, false], path);
    }
    assert.deepEqual(stage.errors, []);
  });

  it("are for GET and HEAD, and other methods are told so", async () => {
    await using stage = await open();
    for (const method of ["PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const { status, headers } = await plainRequest(stage.port, method, "/");
      assert.deepEqual([status, headers.allow], [405, "GET, HEAD, POST"], method);
    }
    const call = await plainRequest(stage.port, "POST", "/daphnia.v1.NoService/Call", {}, "{}");
    assert.equal(call.status, 404);
  });

  it("come over HTTP/2 too", async () => {
    await using stage = await open();
    const stream = stage.http2().request({
      ":path": "/",
      ":authority": `127.0.0.1:${stage.port}`,
    });
    const [headers] = await once(stream, "response");
    let body = "";
    for await (const chunk of stream) body += chunk;
    assert.deepEqual([headers[":status"], body], [200, index]);
  });

  it("keep the listener's limits: headers, and readers that stall", async () => {
    await using stage = await open({ maxHeaderBytes: 2048, stallTimeout: 100 });
    const long = await plainRequest(stage.port, "GET", "/", { "x-long": "x".repeat(3000) });
    assert.equal(long.status, 431);
    const stalled = stage.dial();
    const host = `Host: 127.0.0.1:${stage.port}`;
    stalled.write(`GET /assets/large-Ab3_-x9Z.txt HTTP/1.1\r\n${host}\r\n\r\n`);
    await once(stalled, "readable"); // and reads nothing of it
    const began = performance.now();
    await stage.listener.close(60_000, shuttingDown());
    assert.ok(performance.now() - began < 30_000, "it was not cut off");
    assert.equal(stage.errors.length, 1); // of the long headers
  });

  it("are on their way 64 at once and no more, and hold up no RPC", async () => {
    await using stage = await open();
    const session = stage.http2();
    const authority = { ":authority": `127.0.0.1:${stage.port}` };
    const statuses = await Promise.all(
      Array.from({ length: 65 }, async () => {
        const path = "/assets/large-Ab3_-x9Z.txt"; // more than a window holds: it waits for its reader
        const [headers] = await once(session.request({ ":path": path, ...authority }), "response");
        return headers[":status"];
      }),
    );
    assert.deepEqual(
      [200, 503].map((status) => statuses.filter((one) => one === status).length),
      [64, 1],
    );
    await stage.client("connect h1").daemon.getInfo({});
    session.destroy();
    await once(session, "close");
    const again = async () => (await plainRequest(stage.port, "GET", "/")).status;
    for (let tries = 0; (await again()) === 503; tries++) assert.ok(tries < 1000);
    assert.equal(await again(), 200);
    assert.deepEqual(stage.errors, []);
  });

  it("that are not built are told of", async () => {
    const missing = { ...pages(), folder: join(folder, "none") };
    await using stage = await openStage("tcp", {}, {}, createStreamPlaces(10), missing);
    const { status, headers, body } = await plainRequest(stage.port, "GET", "/");
    assert.equal(status, 404);
    assert.equal(headers["content-type"], "text/plain; charset=utf-8");
    assert.match(body.toString(), /npm run build/);
  });
});
