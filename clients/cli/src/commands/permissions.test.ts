import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

describe("daphnia permissions", () => {
  let cli: Cli;
  let root: string;
  before(async () => {
    cli = await createCli();
    root = join(cli.home, "../app");
    await mkdir(root, { recursive: true });
    await mkdir(join(cli.home, "agents"), { recursive: true, mode: 0o700 });
    await writeFile(
      join(cli.home, "daphnia.toml"),
      '[[permissions.rules]]\ntool = "bash"\naction = "deny"\nargv = ["git", "push", "**"]\n',
    );
    await writeFile(
      join(cli.home, "agents/maker.md"),
      "---\nmode: guarded\nrules:\n  - tool: bash\n    action: allow\n    argv: [make, '**']\n---\nMake.\n",
    );
    await cli.run(["daemon", "start"]);
  });
  after(async () => {
    await cli.run(["daemon", "stop"]);
    await cli.remove();
  });

  const explain = async (...args: string[]) => {
    const { out } = await cli.run(["permissions", "explain", "--json", "--root", root, ...args]);
    const { action, rule, mode, claims } = JSON.parse(out);
    return { decided: [action, rule, mode], claims };
  };

  it("tells of the owner's rules, through wrappers", async () => {
    const { decided, claims } = await explain("bash", "env git push && ls");
    assert.deepEqual(decided, ["deny", "owner:1", "standard"]);
    assert.deepEqual(
      claims.map(({ kind, action }: { kind: string; action: string }) => `${kind} ${action}`),
      ["run deny", "run allow", "read allow"],
    );
  });

  it("tells of an agent's mode and rules", async () => {
    const made = await explain("--agent", "maker", "bash", "make x");
    assert.deepEqual(made.decided, ["allow", "agent:1", "guarded"]);
    const written = await explain("--agent", "maker", "bash", "echo x > y");
    assert.deepEqual(written.decided, ["ask", "guarded:otherwise", "guarded"]);
  });

  it("takes other rules, another mode and a sandbox on trial", async () => {
    const file = join(root, "rules.json");
    await writeFile(file, '[{"tool": "bash", "action": "allow", "argv": ["git", "push"]}]');
    const pushed = await explain("--rules", file, "bash", "git push");
    assert.deepEqual(pushed.decided, ["allow", "owner:1", "standard"]);
    const tried = await explain("--sandbox", "on", "bash", "npm test");
    assert.deepEqual(tried.decided, ["allow", "standard:project-code", "standard"]);
    const read = await explain("--mode", "readonly", "read", '{"path": "rules.json"}');
    assert.deepEqual(read.decided, ["allow", "readonly:reads-in-roots", "readonly"]);
  });

  it("denies the daemon's own folder", async () => {
    const { decided } = await explain("bash", `cat ${join(cli.home, "run/token")}`);
    assert.deepEqual(decided, ["deny", "built-in:daemon-home", "standard"]);
  });

  it("prints a mode, and says which modes there are", async () => {
    const { out } = await cli.run(["permissions", "mode"]);
    assert.match(out, /^ACTION .*\ndeny +\* +\{closed\}/);
    assert.match(out, /deny +bash +\["git","push","\*\*"\] +owner:1\n/);
    assert.match(out, /standard: any rule that denies wins.*all else: ask\n$/);
    const { code, err } = await cli.run(["permissions", "mode", "standart"]);
    assert.deepEqual([code !== 0, /did you mean standard/.test(err)], [true, true]);
  });

  it("shows the rules of a folder, and trusts them once somebody says so", async () => {
    await mkdir(join(root, ".daphnia"), { recursive: true });
    const rules = '[[rules]]\naction = "allow"\npath = "/etc/**"\n';
    await writeFile(join(root, ".daphnia", "rules.toml"), rules);
    const shown = await cli.run(["permissions", "project", root]);
    assert.match(shown.out, /allow +\* +\/etc\/\*\* +is ignored/);
    assert.match(shown.err, /not trusted: it can only tighten/);
    const asked = await cli.run(["ask", "--root", root, "hello"]);
    assert.match(asked.err, /rules of .* that allow are ignored: .*permissions trust/);
    const unsure = await cli.run(["permissions", "trust", root]);
    assert.deepEqual([unsure.code, /nothing was changed/.test(unsure.err)], [1, true]);
    assert.equal((await cli.run(["permissions", "trust", root, "--yes"])).code, 0);
    const { out } = await cli.run(["permissions", "project", root, "--json"]);
    assert.equal(JSON.parse(out).trusted, true);
    assert.equal((await cli.run(["permissions", "trust", root, "--revoke"])).code, 0);
    const bare = await cli.run(["permissions", "project", cli.home]);
    assert.match(bare.err, /has no .daphnia\/rules.toml/);
  });
});
