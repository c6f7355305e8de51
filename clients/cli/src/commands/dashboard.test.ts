import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { type Cli, createCli } from "../testing/cli-process.ts";

const run = promisify(execFile);
const link = /^http:\/\/127\.0\.0\.1:(\d+)\/login#code=([\w-]{32})$/;

describe("daphnia dashboard", () => {
  let cli: Cli;
  const environment = { DAPHNIA_TCP_PORT: "0" };
  before(async () => {
    cli = await createCli();
  });
  after(() => cli.remove());

  /** What the daemon answers a page that logs in. */
  async function logIn(url: string): Promise<number> {
    const { origin, hash } = new URL(url);
    const { status } = await fetch(`${origin}/login`, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: JSON.stringify({ code: new URLSearchParams(hash.slice(1)).get("code") }),
    });
    return status;
  }

  it("starts a daemon and prints a way in that works once", async () => {
    const { code, out, err } = await cli.run(["dashboard"], { environment });
    assert.equal(code, 0, err);
    assert.match(out.trim(), link);
    assert.match(err, /daemon started.*\n.*Open it in a browser\./);
    assert.deepEqual([await logIn(out.trim()), await logIn(out.trim())], [204, 401]);
  });

  it("prints JSON for programs, and opens nothing then", async () => {
    const shown = { ...environment, DISPLAY: ":0", PATH: dirname(process.execPath) };
    const { out, err } = await cli.run(["dashboard", "--json"], { environment: shown });
    const { url, urls, code, expireTime } = JSON.parse(out);
    assert.equal(link.exec(url)?.[2], code);
    assert.deepEqual([urls, err], [[url], ""]);
    assert.ok(new Date(expireTime) > new Date());
    assert.equal(await logIn(url), 204);
  });

  it("opens the browser, and shows the code to nobody else on the machine", async () => {
    const [bin, told] = [join(cli.folder, "bin"), join(cli.folder, "told")];
    await mkdir(bin);
    await run("mkfifo", [told]);
    await writeFile(join(bin, "xdg-open"), `#!/bin/sh\necho "$@" > '${told}'\n`, { mode: 0o755 });
    const path = [bin, process.env["PATH"]].join(delimiter);
    const shown = { ...environment, DISPLAY: ":0", PATH: path };
    const [{ out, err }, opened] = await Promise.all([
      cli.run(["dashboard"], { environment: shown }),
      readFile(told, "utf8"),
    ]);
    assert.match(err, /Opening it in your browser\./);
    const file = opened.trim();
    assert.equal(file, join(cli.home, "run", "open-dashboard.html"));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.ok((await readFile(file, "utf8")).includes(`content="0; url=${out.trim()}"`));
  });

  it("needs no browser, and opens none where that is not wanted", async () => {
    const nothing = { ...environment, DISPLAY: ":0", PATH: dirname(process.execPath) };
    assert.equal((await cli.run(["dashboard"], { environment: nothing })).code, 0);
    const quiet = await cli.run(["dashboard", "--no-open"], { environment: nothing });
    assert.match(quiet.err, /Open it in a browser\./);
  });

  it("takes a daemon elsewhere by the url that it is reached by", async () => {
    const { out } = await cli.run(["dashboard"], { environment });
    const port = link.exec(out.trim())?.[1];
    const token = (await readFile(join(cli.home, "run", "token"), "utf8")).trim();
    const remote = { DAPHNIA_URL: `http://localhost:${port}`, DAPHNIA_TOKEN: token };
    const told = await cli.run(["dashboard", "--no-open"], { environment: remote });
    assert.match(told.out.trim(), new RegExp(`^http://localhost:${port}/login#code=`));
    assert.equal(await logIn(told.out.trim()), 204);
  });

  it("says how to turn the port on where it is off", async () => {
    await cli.run(["daemon", "stop"]);
    await writeFile(join(cli.home, "daphnia.toml"), "[listen]\ntcp = false\n");
    const { code, out, err } = await cli.run(["dashboard"], {
      environment: { DAPHNIA_TCP_PORT: "" },
    });
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /serves no TCP address/);
    assert.match(err, /tcp = true.*\[listen\].*daemon restart/);
  });
});
