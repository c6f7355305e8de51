import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect } from "@daphnia/client/node";
import { type Cli, createCli } from "../testing/cli-process.ts";

const text = "one two three four five six seven eight nine ten eleven twelve";
const slow = `pace_ms = 30\nchunk = 4\n[[turn]]\n[[turn.step]]\nsay = "${text}"\n`;
const hangs = '[[turn]]\n[[turn.step]]\nsay = "I wait."\nhang = true\n';

describe("daphnia ask, cut short", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await cli.script("slow", slow);
    await cli.script("hangs", hangs);
    await cli.run(["daemon", "start"]);
  });
  after(() => cli.remove());

  it("cancels the turn at Ctrl-C and exits with 130", async () => {
    const asking = cli.start(["ask", "--model", "scripted/hangs", "hi"]);
    await asking.said("I wait.");
    asking.child.kill("SIGINT");
    const { code, out, err } = await asking.ended;
    assert.deepEqual([code, out], [130, "I wait.\n"]);
    assert.match(err, /canceling the turn/);
    assert.match(err, /✗ canceled/);
  });

  it("cancels the turn when the time is up and exits with 7", async () => {
    const args = ["ask", "--model", "scripted/hangs", "--timeout", "200ms", "hi"];
    const { code, err } = await cli.run(args);
    assert.equal(code, 7);
    assert.match(err, /the time is up/);
  });

  it("leaves the turn to the daemon when it is hung up", async () => {
    const asking = cli.start(["ask", "--model", "scripted/slow", "hi"]);
    await asking.said("one");
    asking.child.kill("SIGTERM");
    const { err } = await asking.ended;
    const [sessionId = ""] = /session-\w+/.exec(err) ?? [];
    const events = connect({ home: cli.home }).watch({
      selector: { sessions: [sessionId] },
      after: "beginning",
    });
    for await (const response of events) {
      const last = response.events.at(-1)?.body;
      if (last?.case !== "turnFinished") continue;
      assert.equal(last.value.output, text);
      break;
    }
  });

  it("goes on when the daemon is killed in mid-answer and started again", async () => {
    const asking = cli.start(["ask", "--model", "scripted/slow", "hi"]);
    await asking.said("one");
    const { pid } = await connect({ home: cli.home }).daemon.getInfo({});
    process.kill(pid, "SIGKILL");
    assert.equal((await cli.run(["daemon", "start"])).code, 0);
    const { code, out, err } = await asking.ended;
    assert.equal(code, 0, err);
    assert.ok(out.endsWith(`\n\n${text}\n`), out);
    assert.match(err, /connection lost .*resuming …\nconnected again\n/);
    assert.match(err, /↻ resumed after an interruption, attempt 1/);
  });
});
