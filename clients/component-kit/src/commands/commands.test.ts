import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ComponentProcess, createComponentProcess } from "../testing/component-process.ts";
import { until } from "../testing/until.ts";

const sample = join(import.meta.dirname, "../testing/sample.ts");

/** What leads to a user's own systemd; without it, as in most containers, none is reachable. */
const toSystemd = Object.fromEntries(
  ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "XDG_CONFIG_HOME"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
const systemctl = (...args: readonly string[]) =>
  spawnSync("systemctl", ["--user", ...args], { encoding: "utf8" });

describe("the command line of a component", () => {
  let component: ComponentProcess;
  let following: ChildProcess | undefined;
  beforeEach(() => {
    component = createComponentProcess("sample", sample);
  });
  afterEach(async () => {
    following?.kill("SIGKILL");
    following = undefined;
    await component.remove();
  });

  it("starts in the background, says where, and stops", async () => {
    const started = await component.command("start");
    assert.equal(started.code, 0, started.err);
    const { pid, port } = component.read();
    assert.match(started.out, new RegExp(`^sample runs: pid ${pid}, port ${port}`));
    assert.match(started.out, /nothing restarts it after a crash/);
    const again = await component.command("start");
    assert.deepEqual(
      [again.code, again.out],
      [0, `sample runs already: pid ${pid}, port ${port}\n`],
    );
    const client = await component.connect();
    assert.equal((await client.listTools()).tools.length, 6);
    const { code, out } = await component.command("status", "--json");
    const { uptimeSeconds, ...told } = JSON.parse(out);
    assert.ok(uptimeSeconds >= 0 && uptimeSeconds < 60);
    const { log } = component;
    const running = { name: "sample", state: "running", pid, port, version: "1.2.3" };
    assert.deepEqual([code, told], [0, { ...running, unit: null, log }]);
    const stopped = await component.command("stop");
    assert.deepEqual([stopped.code, stopped.out], [0, "sample stopped\n"]);
    assert.equal(existsSync(component.portFile), false);
    const after = await component.command("status");
    assert.deepEqual([after.code, after.out.split("\n")[0]], [3, "sample: stopped"]);
    assert.equal((await component.command("stop")).out, "sample did not run\n");
  });

  it("says that a port file is stale after a crash", async () => {
    const { child, ended } = await component.serve();
    child.kill("SIGKILL");
    await ended;
    const { code, out } = await component.command("status", "--json");
    assert.deepEqual([code, JSON.parse(out).state], [3, "stale"]);
  });

  it("kills what does not stop", async () => {
    component = createComponentProcess("sample", sample, { environment: { SAMPLE_GRACE: "0" } });
    const { child, ended } = await component.serve();
    child.kill("SIGSTOP");
    const stopped = await component.command("stop");
    assert.deepEqual([stopped.code, stopped.out], [0, "sample was killed\n"]);
    assert.equal((await ended).code, null);
  });

  it("says why it could not start", async () => {
    const broken = createComponentProcess("sample", sample, {
      environment: { SAMPLE_BROKEN: "no disk" },
    });
    try {
      const { code, err } = await broken.command("start");
      assert.equal(code, 1);
      assert.match(err, /^sample: it ended at once, with exit code 1; its log: /);
      assert.match((await broken.command("logs")).out, /sample: no disk/);
    } finally {
      await broken.remove();
    }
  });

  it("shows the log's end, and follows it into its next file", async () => {
    assert.equal((await component.command("logs")).code, 3);
    const { child, ended } = await component.serve();
    child.kill("SIGTERM");
    await ended;
    const line = (msg: string) => `${JSON.stringify({ level: 40, time: "T", why: "x", msg })}\n`;
    appendFileSync(component.log, `${line("one\u001b[31m")}not JSON\n`);
    const { out } = await component.command("logs", "-n", "3");
    assert.deepEqual(out.split("\n").slice(1), ['T warn  one·[31m why="x"', "not JSON", ""]);
    assert.match(out, /^\S+ info {2}ended\n/);
    following = spawn(process.execPath, [sample, "logs", "-f", "-n", "1", "--json"], {
      env: { ...process.env, DAPHNIA_HOME: component.home },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let shown = "";
    following.stdout?.on("data", (chunk) => {
      shown += chunk;
    });
    await until(() => shown.includes("not JSON"));
    appendFileSync(component.log, line("two"));
    await until(() => shown.includes("two"));
    renameSync(component.log, `${component.log}.1`);
    writeFileSync(component.log, line("three"));
    await until(() => shown.includes("three"));
    assert.deepEqual(shown, `not JSON\n${line("two")}${line("three")}`);
    following.kill("SIGINT");
    await once(following, "close");
  });

  it("says what it can, and refuses what it cannot", async () => {
    const help = await component.command("--help");
    assert.deepEqual([help.code, help.out.split("\n")[0]], [0, "A sample."]);
    assert.deepEqual((await component.command("--version")).out, "1.2.3\n");
    for (const args of [[], ["begin"], ["start", "now"], ["status", "-f"], ["logs", "-n", "x"]]) {
      const { code, err } = await component.command(...args);
      assert.deepEqual([code, err === ""], [2, false], args.join(" "));
    }
  });

  it("installs a service where a manager of services answers", async (t) => {
    if (systemctl("show-environment").status !== 0) return t.skip("no systemd of a user answers");
    component = createComponentProcess("sample", sample, {
      environment: { ...toSystemd, HOME: homedir() },
    });
    try {
      const started = await component.command("start");
      assert.equal(started.code, 0, started.err);
      const [unit = ""] = /daphnia-sample-\w+\.service/.exec(started.out) ?? [];
      const { pid } = component.read();
      assert.equal(systemctl("show", "-P", "MainPID", unit).stdout.trim(), String(pid));
      process.kill(pid, "SIGKILL");
      await until(() => existsSync(component.portFile) && component.read().pid !== pid);
      assert.equal((await component.command("stop", "--uninstall")).code, 0);
      assert.notEqual(systemctl("cat", unit).status, 0);
    } finally {
      await component.command("stop", "--uninstall");
    }
  });
});
