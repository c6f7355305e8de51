import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { toJson } from "@bufbuild/protobuf";
import { connect } from "@daphnia/client/node";
import { EventSchema } from "@daphnia/protocol/event";
import { type Cli, createCli } from "../testing/cli-process.ts";

const slow = 'pace_ms = 20\nchunk = 4\n[[turn]]\n[[turn.step]]\nsay = "first line\\nsecond line"\n';

describe("daphnia events", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await cli.script("slow", slow);
    await cli.run(["ask", "--model", "scripted/slow", "hi"]);
  });
  after(() => cli.remove());

  const listed = async () => {
    const { events } = await connect({ home: cli.home }).events.listEvents({ pageSize: 1000 });
    return events;
  };

  it("prints as JSON exactly what ListEvents answers", async () => {
    const { code, out } = await cli.run(["events", "--json", "--until-caught-up"]);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(code, 0);
    assert.deepEqual(
      lines,
      (await listed()).map((event) => toJson(EventSchema, event)),
    );
  });

  it("goes on behind a cursor, and selects", async () => {
    const events = await listed();
    const since = events.at(-4)?.cursor ?? "";
    const names = async (...args: string[]) =>
      (await cli.run(["events", "--until-caught-up", ...args])).out
        .trim()
        .split("\n")
        .map((line) => line.split(/ +/)[3]);
    assert.deepEqual(await names("--since", since), [
      "message_completed",
      "step_finished",
      "turn_finished",
    ]);
    assert.deepEqual(await names("--body", "turn_started"), ["turn_started"]);
    assert.deepEqual(await names("--family", "daemon"), ["daemon_started"]);
  });

  it("exits with 2 for a name or a cursor that cannot be", async () => {
    const family = await cli.run(["events", "--family", "tols"]);
    assert.deepEqual([family.code, /did you mean tool/.test(family.err)], [2, true]);
    assert.equal((await cli.run(["events", "--since", "garbage"])).code, 2);
  });

  it("shows drafts as they are written, when told", async () => {
    const watching = cli.start(["events", "--deltas", "--since", "beginning"]);
    await watching.said("turn_finished");
    await cli.run(["ask", "-c", "again"]);
    await watching.said("text               first line\n    second line\n");
    watching.child.kill("SIGINT");
    const { code, err } = await watching.ended;
    assert.equal(code, 130);
    assert.match(err, /go on from here with --since \w+\.\w+/);
  });

  it("goes on over a restart of the daemon, every event once", async () => {
    const watching = cli.start(["events", "--json", "--since", "beginning"]);
    await watching.said("turnFinished");
    await cli.run(["daemon", "restart"]);
    await cli.run(["ask", "-c", "after the restart"]);
    const events = await listed();
    await watching.said(events.at(-1)?.cursor ?? "");
    watching.child.kill("SIGINT");
    const { out, err } = await watching.ended;
    const cursors = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).cursor);
    assert.deepEqual(
      cursors,
      events.map(({ cursor }) => cursor),
    );
    assert.match(err, /connection lost .*; resuming …\nconnected again/);
  });

  it("ends quietly when nobody reads on", async () => {
    const watching = cli.start(["events", "--json", "--since", "beginning"]);
    await watching.said("daemonStarted");
    watching.child.stdout?.destroy();
    await cli.run(["ask", "-c", "to be read by nobody"]);
    const { code, err } = await watching.ended;
    assert.deepEqual([code, err], [0, ""]);
  });
});
