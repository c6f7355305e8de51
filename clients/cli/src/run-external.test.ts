import assert from "node:assert/strict";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli, type Ended } from "./testing/cli-process.ts";

describe("a command that is not built in", () => {
  let cli: Cli;
  let first: string;
  let second: string;

  const program = async (folder: string, name: string, text: string) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  };
  const run = (args: readonly string[], input?: string): Promise<Ended> => {
    const PATH = [".", first, second, process.env["PATH"]].join(delimiter);
    return cli.run(args, { environment: { PATH }, ...(input === undefined ? {} : { input }) });
  };

  before(async () => {
    cli = await createCli();
    [first, second] = [join(cli.home, "../first"), join(cli.home, "../second")];
    await program(
      second,
      "daphnia-hello",
      '#!/bin/sh\nprintf "[%s]" "$@"\necho " in $DAPHNIA_HOME at $(printenv DAPHNIA_URL || echo none)"\ncat\necho oops >&2\nexit 7\n',
    );
    await program(second, "daphnia-both", "#!/bin/sh\necho second\n");
    await program(first, "daphnia-both", "#!/bin/sh\necho first\n");
    await program(first, "daphnia-logs", "#!/bin/sh\necho not the built-in one\n");
    await program(
      first,
      "daphnia-wait",
      '#!/bin/sh\nsleep 60 &\ntrap "kill $!; exit 9" TERM\necho ready\nwait\n',
    );
    await program(first, "daphnia-die", "#!/bin/sh\nkill -KILL $$\n");
    await program(first, "daphnia-broken", "#!/no/such/interpreter\n");
    await program(first, "daphnia-Not_A_Name", "#!/bin/sh\n");
    await program(cli.folder, "daphnia-here", "#!/bin/sh\necho from the folder one stands in\n");
    await writeFile(join(first, "daphnia-text"), "no program\n");
    await mkdir(join(first, "daphnia-folder"));
    await symlink(join(first, "daphnia-both"), join(first, "daphnia-linked"));
  });
  after(() => cli.remove());

  it("is run from PATH with its arguments, its input and its exit code", async () => {
    const { code, out, err } = await run(
      ["hello", "a b", "--json", "-x", "--", "--help"],
      "said\n",
    );
    const where = `in ${cli.home} at none`;
    assert.deepEqual(
      [code, out, err],
      [7, `[a b][--json][-x][--][--help] ${where}\nsaid\n`, "oops\n"],
    );
  });

  it("is told what was said before its name", async () => {
    const { out } = await run(["--home", "/elsewhere", "--json", "hello", "x"], "");
    assert.equal(out, "[--json][x] in /elsewhere at \n");
    const other = await run(["--url=http://host:1", "hello"], "");
    assert.equal(other.out, `[] in ${cli.home} at http://host:1\n`);
  });

  it("is asked for its help", async () => {
    const { code, out } = await run(["help", "hello"], "");
    assert.deepEqual([code, out], [7, `[--help] in ${cli.home} at none\n`]);
  });

  it("is the first one of PATH, and no built-in one", async () => {
    assert.equal((await run(["both"])).out, "first\n");
    assert.equal((await run(["linked"])).out, "first\n");
    const logs = await run(["logs"]);
    assert.doesNotMatch(logs.out, /not the built-in one/);
  });

  it("is nothing that lies in a relative folder, is a folder, or cannot be run", async () => {
    for (const name of ["here", "folder", "text", "Not_A_Name"]) {
      const { code, err } = await run([name]);
      assert.equal(code, 2, `${name}: ${err}`);
      assert.match(err, new RegExp(`there is no command "${name}"`));
    }
    const broken = await run(["broken"]);
    assert.equal(broken.code, 1);
    assert.match(broken.err, /daphnia-broken cannot be run: /);
  });

  it("ends as what it ran ended, and passes signals on", async () => {
    assert.equal((await run(["die"])).code, 128 + 9);
    const PATH = [first, process.env["PATH"]].join(delimiter);
    const { child, ended, said } = cli.start(["wait"], { environment: { PATH } });
    await said("ready");
    child.kill("SIGTERM");
    assert.equal((await ended).code, 9);
  });

  it("is suggested for what is nearly its name, beside the built-in ones", async () => {
    const near = await run(["helo"]);
    assert.equal(near.code, 2);
    assert.match(near.err, /no daphnia-helo on PATH\n {2}did you mean hello\?\n/);
    assert.match((await run(["agent"])).err, /did you mean agents\?/);
    assert.match((await run(["help", "bth"])).err, /did you mean both\?/);
    assert.match((await run(["quite-else"])).err, /daphnia --help` lists them/);
    const { code, out } = await run(["--json", "helo"]);
    assert.equal(code, 2);
    assert.equal(JSON.parse(out).error.exitCode, 2);
  });

  it("is listed in the help", async () => {
    const there = ["both", "broken", "die", "hello", "linked", "logs", "wait"];
    const listed = there.filter((name) => name !== "logs"); // the built-in one hides it
    for (const args of [["--help"], ["help"]]) {
      const { code, out } = await run(args);
      assert.equal(code, 0);
      const [, list = ""] = out.split("On PATH, each with a --help of its own:\n");
      const names = list.split("\n").map((line) => line.trim());
      assert.deepEqual(
        names.filter((name) => there.includes(name)),
        listed,
      );
    }
  });
});
