import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

const talk = `
chunk = 4
[[turn]]
  [[turn.step]]
  think = "I wonder."
  say = "first line\\nsecond line"
    [[turn.step.call]]
    tool = "glob"
    arguments = { pattern = "*" }
  [[turn.step]]
  say = "Done."
`;

describe("daphnia trace, replay, transcript and request", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await cli.script("talk", talk);
  });
  after(() => cli.remove());

  const ids = async () => {
    const { out } = await cli.run([
      "events",
      "--json",
      "--until-caught-up",
      "--body",
      "turn_started",
    ]);
    const { sessionId, turnId } = JSON.parse(out.trim().split("\n").at(-1) ?? "");
    return { sessionId: String(sessionId), turnId: String(turnId) };
  };

  it("say that there is no session, before there is one", async () => {
    await cli.run(["daemon", "start"]);
    for (const command of ["trace", "replay", "transcript", "request"]) {
      const { code, err } = await cli.run([command]);
      assert.deepEqual([code, /no session yet\n.*daphnia ask/.test(err)], [1, true], command);
    }
  });

  it("take the newest session where none is named, and name what is wrong with a name", async () => {
    await cli.run(["ask", "--model", "scripted/talk", "go"]);
    const { sessionId, turnId } = await ids();
    const { out } = await cli.run(["trace"]);
    assert.equal(out, (await cli.run(["trace", sessionId])).out);
    assert.match(out, new RegExp(`\\n└ ${turnId} completed · "go" +\\d`));
    const near = await cli.run(["trace", `${sessionId.slice(0, -1)}_`]);
    assert.deepEqual([near.code, near.err.includes(`did you mean "${sessionId}"`)], [1, true]);
    const turn = await cli.run(["trace", "turn-none"]);
    assert.deepEqual([turn.code, /there is no turn "turn-none"/.test(turn.err)], [1, true]);
    const step = await cli.run(["request", turnId, "3"]);
    assert.deepEqual([step.code, /has no step 3\n {2}its last is 2/.test(step.err)], [1, true]);
  });

  it("plays what was written again, beside the events", async () => {
    const { out, code } = await cli.run(["replay", "--speed", "max"]);
    assert.equal(code, 0);
    const lines = out.split("\n").map((line) => line.replace(/^[\d:.]+ +(\d+ )? */, ""));
    const from = lines.findIndex((line) => line.startsWith("step_started"));
    assert.deepEqual(lines.slice(from + 1, from + 5), [
      "thinking           I wonder.",
      "text               first line",
      "    second line",
      'glob arguments     {"pattern":"*"}',
    ]);
    assert.match(lines[from + 5] ?? "", /^message_completed/);
    const last = await cli.run(["replay", "--from", "4", "--speed", "max", "--json"]);
    assert.equal(JSON.parse(last.out.split("\n")[0] ?? "").seq, "4");
  });

  it("refuse a pace, a place and a step that cannot be", async () => {
    for (const args of [
      ["replay", "--speed", "-1"],
      ["replay", "--speed", "fast"],
      ["replay", "--from", "0"],
      ["replay", "--from", "9999"],
      ["transcript", "--at", "9999"],
      ["trace", "--format", "svg"],
    ]) {
      const { code, out } = await cli.run(args);
      assert.deepEqual([code, out], [2, ""], args.join(" "));
    }
    const { sessionId } = await ids();
    assert.equal((await cli.run(["request", sessionId, "0"])).code, 2);
  });
});
