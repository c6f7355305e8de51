import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

const looks = `
[[turn]]
  [[turn.step]]
  say = "I look."
    [[turn.step.call]]
    tool = "glob"
    arguments = { pattern = "*.md" }
  [[turn.step]]
  say = "Done."
`;

describe("daphnia request --diff", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await cli.script("looks", looks);
    const first = await cli.run(["ask", "--model", "scripted/looks", "go"]);
    assert.equal(first.code, 0, first.err);
  });
  after(() => cli.remove());

  it("shows the messages that a step's request has more than the one before", async () => {
    const { code, out } = await cli.run(["request", "--diff"]);
    assert.equal(code, 0);
    const lines = out.trim().split("\n");
    assert.match(lines[0] ?? "", /^--- turn-\S+ step 1 · scripted\/looks$/);
    assert.match(lines[1] ?? "", /^\+\+\+ turn-\S+ step 2 · scripted\/looks$/);
    const places = lines.filter((line) => line.startsWith("@@"));
    assert.deepEqual(places, ["@@ messages[1]", "@@ messages[2]"]);
    assert.match(out, /^\+ +"text": "I look\."/m);
    assert.ok(!out.includes('"go"'), "what stayed is left out");
  });

  it("compares a turn's first step with the last of the turn before", async () => {
    await cli.run(["ask", "-c", "--model", "scripted/looks", "again"]);
    const { out } = await cli.run(["request", "--diff", "--json"]);
    const whole = JSON.parse(out);
    assert.deepEqual([whole.before.step, whole.after.step], [1, 2]);
    const first = await cli.run(["request", whole.after.turnId, "1", "--diff", "--json"]);
    const { before, after, changes } = JSON.parse(first.out);
    assert.deepEqual([before.step, after.step, before.turnId === after.turnId], [2, 1, false]);
    assert.deepEqual(
      changes.map(({ path }: { path: string }) => path),
      ["messages[3]", "messages[4]"],
    );
    assert.match(JSON.stringify(changes[1].after), /again/);
  });

  it("says that there is nothing before a session's first step", async () => {
    const { out } = await cli.run([
      "events",
      "--json",
      "--until-caught-up",
      "--body",
      "turn_started",
    ]);
    const { turnId } = JSON.parse(out.split("\n")[0] ?? "");
    const { code, err } = await cli.run(["request", turnId, "1", "--diff"]);
    assert.equal(code, 1);
    assert.match(err, /step 1 is the session's first/);
  });
});
