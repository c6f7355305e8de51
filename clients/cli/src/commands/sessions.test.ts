import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "@daphnia/client/node";
import { type Cli, createCli } from "../testing/cli-process.ts";

const hangs = '[[turn]]\n[[turn.step]]\nsay = "I wait."\nhang = true\n';

describe("daphnia sessions and prompt", () => {
  let cli: Cli;
  let sessionId = "";
  before(async () => {
    cli = await createCli();
    await cli.script("hangs", hangs);
    await cli.run(["daemon", "start"]);
    const { session } = await connect({ home: cli.home }).sessions.createSession({
      model: "scripted/hangs",
      title: "waits \u001b[31m",
      labels: { team: "web" },
    });
    sessionId = session?.id ?? "";
  });
  after(() => cli.remove());

  const ids = async (...args: string[]) => {
    const { out } = await cli.run(["sessions", "--json", ...args]);
    return JSON.parse(out).sessions.map(({ id }: { id: string }) => id);
  };

  it("lists them in a table that no title can break", async () => {
    const { out } = await cli.run(["sessions"]);
    const [heading, row] = out.split("\n");
    assert.match(heading ?? "", /^SESSION +STATE +AGENT +LAST EVENT +TITLE$/);
    assert.match(row ?? "", new RegExp(`^${sessionId}  idle +default +\\d+ s ago +waits \\\\x1b`));
  });

  it("puts prompts on record and prints their ids", async () => {
    const first = JSON.parse((await cli.run(["prompt", sessionId, "wait", "--json"])).out);
    const steer = await cli.run(["prompt", sessionId, "--steer", "hurry"]);
    assert.match(
      steer.out,
      new RegExp(`^prompt prompt-\\w+\nturn {3}${first.turnId}\ncursor \\S+\n$`),
    );
    assert.deepEqual(await ids("--state", "running", "--label", "team=web"), [sessionId]);
    assert.deepEqual(await ids("--label", "team=other"), []);
  });

  it("cancels what runs", async () => {
    const { code, err } = await cli.run(["sessions", "cancel", sessionId]);
    assert.deepEqual([code, /canceling turn-\w+/.test(err)], [0, true]);
  });

  it("shows one, and what was said in it", async () => {
    const { out } = await cli.run(["sessions", "show", sessionId]);
    assert.match(out, new RegExp(`^session +${sessionId}\n`));
    assert.match(out, /\nuser\nwait\n/);
    const { code, err } = await cli.run(["sessions", "show", "session-none"]);
    assert.deepEqual([code, /does not exist/.test(err)], [1, true]);
  });

  it("deletes them", async () => {
    assert.equal((await cli.run(["sessions", "delete", sessionId])).code, 0);
    assert.deepEqual(await ids(), []);
  });

  it("says where everything lies", async () => {
    const paths = JSON.parse((await cli.run(["paths", "--json"])).out);
    for (const name of ["home", "socket", "token", "pidFile", "log", "database", "blobs"]) {
      assert.ok(existsSync(paths[name]), name);
    }
  });

  it("purges a home only when it is one, nobody serves it, and somebody means it", async () => {
    const served = await cli.run(["purge", "--yes"]);
    assert.deepEqual([served.code, /served by pid \d+/.test(served.err)], [4, true]);
    await cli.run(["daemon", "stop"]);
    assert.equal((await cli.run(["purge"])).code, 2);
    const other = join(cli.folder, "other");
    await mkdir(other);
    await writeFile(join(other, "thesis.txt"), "years of work");
    assert.equal((await cli.run(["purge", "--yes", "--home", other])).code, 2);
    assert.ok(existsSync(join(other, "thesis.txt")));
    const { code, err } = await cli.run(["purge", "--yes"]);
    assert.deepEqual([code, err], [0, `deleted ${cli.home}\n`]);
    assert.equal(existsSync(cli.home), false);
  });
});
