import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { missingBrowser, startBrowser } from "../../../clients/sdk/src/testing/browser.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const index = `<!doctype html><title>A page</title>
<script type="module" src="/assets/main.js"></script>
<script>console.log("done: an inline script ran");</script>
<script src="http://127.0.0.1:9/other.js"></script>`;

/** Logs in by the code in the fragment where there is one, then asks who the daemon is. */
const script = `
const code = new URLSearchParams(location.hash.slice(1)).get("code");
const json = { "content-type": "application/json" };
const post = (path, body) =>
  fetch(path, { method: "POST", headers: json, body: JSON.stringify(body) });
const login = code === null ? 0 : (await post("/login", { code })).status;
history.replaceState(null, "", location.pathname);
const info = await post("/daphnia.v1.DaemonService/GetInfo", {});
const elsewhere = await fetch("http://127.0.0.1:9/").then(() => "sent", () => "refused");
console.log("done:", login, info.status, document.cookie || "no-cookie", elsewhere);
`;

/**
 * What a page of another port tries. To browsers it is the same site, so they send the cookie
 * along: it is the daemon that must see the difference.
 */
const hostile = (own: string) => `<!doctype html><title>A page</title><body></body>
<script type="module">
const shutdown = "${own}/daphnia.v1.DaemonService/Shutdown";
const info = "${own}/daphnia.v1.DaemonService/GetInfo";
const json = { "content-type": "application/json" };
const ask = (url, more) => fetch(url, { credentials: "include", ...more });
const said = await Promise.all([
  ask(shutdown, { method: "POST", headers: json, body: "{}" }),
  ask(shutdown, { method: "POST", mode: "no-cors", body: "{}" }),
  ask("${own}/logout", { method: "POST", mode: "no-cors" }),
  ask(info + "?connect=v1&encoding=json&message=%7B%7D"),
  ask("${own}/"),
].map((one) => one.then(({ type }) => type, () => "refused")));
const frame = document.createElement("iframe");
const loaded = new Promise((resolve) => { frame.onload = resolve; });
frame.src = "${own}/";
document.body.append(frame);
await loaded;
console.log("done:", ...said, frame.contentDocument === null ? "closed" : "open");
</script>`;

type Page = Awaited<ReturnType<Awaited<ReturnType<typeof startBrowser>>["newPage"]>>;

describe("S1: a page in a browser", { skip: missingBrowser() ?? false }, () => {
  let daemon: DaemonProcess;
  let browser: Awaited<ReturnType<typeof startBrowser>>;
  let folder: string;
  let other: Server;
  let own: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "dph-page-"));
    await mkdir(join(folder, "assets"));
    await writeFile(join(folder, "index.html"), index);
    await writeFile(join(folder, "assets", "main.js"), script);
    [daemon, browser] = await Promise.all([
      startDaemonProcess({ environment: { DAPHNIA_TCP_PORT: "0", TEST_DASHBOARD: folder } }),
      startBrowser(),
    ]);
    const { addresses } = await daemon.client.daemon.getInfo({});
    own = `http://${addresses.at(-1)}`;
    other = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end(hostile(own));
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
  });
  after(async () => {
    await browser?.close();
    await daemon?.remove();
    other?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What a page says when it is done. */
  async function saidBy(page: Page, url: string): Promise<string> {
    const [said] = await Promise.all([
      page.waitForEvent("console", (message) => message.text().startsWith("done: ")),
      page.goto(url),
    ]);
    return said.text().replace("done: ", "");
  }

  it("is let in by the code's address, stays in, and runs nothing but its own files", async () => {
    const page = await browser.newPage();
    assert.equal(await saidBy(page, `${own}/`), "0 401 no-cookie refused");
    const { urls } = await daemon.client.daemon.createLoginCode({});
    assert.equal(await saidBy(page, String(urls[0])), "204 200 no-cookie refused");
    assert.equal(page.url(), `${own}/login`);
    assert.equal(await saidBy(page, `${own}/sessions/one`), "0 200 no-cookie refused");
    await page.close();
  });

  it("of somebody else gets nothing, does nothing and sees nothing, with the cookie in hand", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const { urls } = await daemon.client.daemon.createLoginCode({});
    await saidBy(page, String(urls[0]));
    const sent: (string | undefined)[] = [];
    page.on("request", async (request) => {
      if (request.url().endsWith("/logout")) sent.push((await request.allHeaders())["cookie"]);
    });
    const { port } = other.address() as AddressInfo; // it listens on TCP
    const said = await saidBy(page, `http://127.0.0.1:${port}/`);
    assert.equal(said, "refused opaque opaque refused refused closed");
    assert.match(String(sent[0]), /^daphnia_/);
    assert.equal((await daemon.client.daemon.getInfo({})).pid, daemon.pid());
    assert.equal(await saidBy(page, `${own}/`), "0 200 no-cookie refused");
    await context.close();
  });
});
