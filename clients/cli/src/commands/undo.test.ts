import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

const writes = (paths: readonly string[]) => `
chunk = 0
[[turn]]
[[turn.step]]
${paths
  .map(
    (path) => `[[turn.step.call]]
tool = "write"
arguments = { path = "${path}", content = "made by an agent\\n" }
`,
  )
  .join("")}
[[turn.step]]
say = "done"
`;

describe("daphnia undo", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await cli.script("writes", writes(["a.txt", "b.txt"]));
    await cli.script("says", '[[turn]]\n[[turn.step]]\nsay = "nothing"\n');
    await cli.run(["daemon", "start"]);
  });
  after(() => cli.remove());

  const asked = async (script: string): Promise<{ sessionId: string; turnId: string }> =>
    JSON.parse((await cli.run(["ask", "--json", "--model", `scripted/${script}`, "go"])).out);

  it("A6: puts files back where nothing changed them since, and names the others", async () => {
    const { sessionId, turnId } = await asked("writes");
    const [a, b] = [join(cli.folder, "a.txt"), join(cli.folder, "b.txt")];
    assert.equal(await readFile(a, "utf8"), "made by an agent\n");
    await writeFile(b, "and by hand\n");
    const { code, out, err } = await cli.run(["undo", turnId]);
    assert.deepEqual([code, existsSync(a), await readFile(b, "utf8")], [1, false, "and by hand\n"]);
    // Calls of one step end in any order, and are told in theirs.
    const lines = out.trim().split("\n").sort();
    assert.match(lines.join("\n"), /^✓ \S+a\.txt\n✗ \S+b\.txt: .+$/);
    assert.match(err, /1 put back, 1 left as they are/);
    const events = await cli.run(["events", "--session", sessionId, "--until-caught-up"]);
    assert.match(events.out, new RegExp(`turn_reverted +${turnId}: 1 file put back · .*b\\.txt`));
  });

  it("says when there is nothing to put back, and what is missing", async () => {
    const { sessionId, turnId } = await asked("says");
    const { code, err } = await cli.run(["undo", sessionId, turnId]);
    assert.deepEqual([code, err], [0, "it changed no files\n"]);
    const lone = await cli.run(["undo", sessionId]);
    assert.deepEqual([lone.code, /which of its turns/.test(lone.err)], [2, true]);
    assert.equal((await cli.run(["undo", sessionId, "turn-none"])).code, 1);
  });
});
