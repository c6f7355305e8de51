import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

describe("daphnia daemon", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
  });
  after(() => cli.remove());

  it("says that none runs, with 3", async () => {
    const { code, out, err } = await cli.run(["daemon", "status"]);
    assert.deepEqual([code, out], [3, ""]);
    assert.match(err, /no daemon serves/);
  });

  it("starts in the background once, and stops whole", async () => {
    const started = await cli.run(["daemon", "start", "--json"]);
    const { pid, home } = JSON.parse(started.out);
    assert.deepEqual([started.code, home], [0, cli.home]);
    const again = await cli.run(["daemon", "start"]);
    assert.match(again.err, new RegExp(`runs already, pid ${pid}`));
    const status = await cli.run(["daemon", "status"]);
    assert.match(status.out, new RegExp(`^daemon +pid ${pid}, version`));
    const stopped = await cli.run(["daemon", "stop"]);
    assert.deepEqual([stopped.code, stopped.err], [0, `daemon stopped, pid ${pid}\n`]);
    assert.equal(existsSync(join(cli.home, "run", "daemon.json")), false);
    assert.equal((await cli.run(["daemon", "stop"])).code, 0);
  });

  it("restarts under another pid", async () => {
    const first = JSON.parse((await cli.run(["daemon", "start", "--json"])).out);
    const { code, out } = await cli.run(["daemon", "restart", "--json"]);
    assert.equal(code, 0);
    assert.notEqual(JSON.parse(out).pid, first.pid);
  });

  it("refuses a second one with 4 in under a second, naming the first", async () => {
    const { pid } = JSON.parse((await cli.run(["daemon", "start", "--json"])).out);
    const begin = performance.now();
    const { code, err } = await cli.run(["daemon", "run"]);
    assert.equal(code, 4);
    assert.match(err, new RegExp(`pid ${pid}`));
    assert.ok(performance.now() - begin < 1000);
    await cli.run(["daemon", "stop"]);
  });

  it("ends with 0 when it is told to stop as soon as its socket answers", async () => {
    for (const args of [
      ["daemon", "run"],
      ["daemon", "run", "--json"],
    ]) {
      const { child, ended } = cli.start(args);
      while (!(await isServed(join(cli.home, "run", "daphnia.sock")))) {
        assert.equal(child.exitCode, null, "it ended before it served");
      }
      child.kill("SIGTERM");
      const { code, err } = await ended;
      assert.deepEqual([code, err.replace(/^serving .*\n/, "")], [0, ""]);
    }
  });

  it("serves in the foreground until it is interrupted, and ends with 0", async () => {
    const running = cli.start(["daemon", "run"]);
    await running.said("serving");
    running.child.kill("SIGINT");
    running.child.kill("SIGINT"); // npm and shells pass it on a second time
    const { code } = await running.ended;
    assert.equal(code, 0);
    assert.equal(existsSync(join(cli.home, "run", "daemon.json")), false);
  });

  it("says why a daemon could not start", async () => {
    const home = join(cli.folder, "x".repeat(100));
    const { code, err } = await cli.run(["daemon", "start", "--home", home]);
    assert.equal(code, 1);
    assert.match(err, /too long for a unix socket.*DAPHNIA_HOME/);
  });

  it("starts one daemon for many who ask at once", async () => {
    const all = await Promise.all([1, 2, 3].map(() => cli.run(["daemon", "start", "--json"])));
    const pids = new Set(all.map(({ out }) => JSON.parse(out).pid));
    assert.deepEqual([all.map(({ code }) => code), pids.size], [[0, 0, 0], 1]);
  });

  it("shows its log, for people and for programs", async () => {
    const people = await cli.run(["logs"]);
    assert.match(people.out, /^\d\d:\d\d:\d\d\.\d{3} info {2}the daemon serves .*addresses=/m);
    const programs = await cli.run(["logs", "--json", "-n", "1"]);
    const written = await readFile(join(cli.home, "logs", "daemon.log"), "utf8");
    assert.equal(programs.out, `${written.trim().split("\n").at(-1)}\n`);
  });

  it("follows its log", async () => {
    await cli.run(["daemon", "stop"]);
    const following = cli.start(["logs", "-f", "-n", "1"]);
    await following.said("the daemon stops");
    await cli.run(["daemon", "start"]);
    await following.said("the daemon serves");
    following.child.kill("SIGINT");
    assert.equal((await following.ended).code, 0);
  });
});

/** Whether somebody takes a connection. */
async function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false; // not yet
  } finally {
    socket.destroy();
  }
}
