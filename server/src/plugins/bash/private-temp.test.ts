import assert from "node:assert/strict";
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import { createBashTool } from "./bash-tool.ts";
import { createBubblewrap } from "./bubblewrap.ts";
import { createPrivateTemp } from "./private-temp.ts";
import { describeSandbox } from "./sandbox.ts";

const { works, why } = await describeSandbox(createBubblewrap({ environment: process.env }));

describe("the temporary folder of a session", () => {
  let top: string;
  before(async () => {
    // Not below /tmp: there it would be in the way of itself.
    top = await realpath(await mkdtemp("/var/tmp/dph-temp-"));
  });
  after(() => rm(top, { recursive: true }));

  it("is the owner's alone, and the same each time", async () => {
    const base = join(top, "base");
    const temp = createPrivateTemp(base);
    const folder = await temp.folderOf("one");
    assert.equal(folder, join(base, "one"));
    assert.equal(await temp.folderOf("one"), folder);
    for (const path of [base, folder]) assert.equal((await stat(path)).mode & 0o777, 0o700);
    for (const odd of ["..", ".", "", "a/b", "a\0b"])
      assert.equal(await temp.folderOf(odd), undefined);
  });

  it("is none where somebody else could look into it", async () => {
    const open = join(top, "open");
    await mkdir(open);
    await chmod(open, 0o755);
    assert.equal(await createPrivateTemp(open).folderOf("s"), undefined);
    const led = join(top, "led");
    await symlink(open, led);
    assert.equal(await createPrivateTemp(led).folderOf("s"), undefined);
    await mkdir(join(top, "mine"), { mode: 0o700 });
    await symlink(open, join(top, "mine", "s"));
    assert.equal(await createPrivateTemp(join(top, "mine")).folderOf("s"), undefined);
    assert.equal(await createPrivateTemp(join(top, "no", "folder")).folderOf("s"), undefined);
    assert.deepEqual(await readdir(open), []);
  });

  it("goes a week after its last command, and no sooner", async () => {
    const base = join(top, "weeks");
    await mkdir(base, { mode: 0o700 });
    const daysAgo = (days: number) => Date.now() / 1000 - days * 24 * 60 * 60;
    for (const [name, days] of [
      ["old", 8],
      ["young", 6],
      ["asked", 8],
    ] as const) {
      await mkdir(join(base, name, "deep"), { recursive: true, mode: 0o700 });
      await writeFile(join(base, name, "deep", "file"), name);
      await utimes(join(base, name), daysAgo(days), daysAgo(days));
    }
    await createPrivateTemp(base).folderOf("asked");
    assert.deepEqual((await readdir(base)).toSorted(), ["asked", "young"]);
    await access(join(base, "asked", "deep", "file"));
  });

  describe("in the sandbox", { skip: works ? false : why }, () => {
    const sessions = ["one", "other"] as const;
    let usual: string | undefined;
    before(() => {
      // Where the daemon's own temporary folder is, those of sessions are.
      usual = process.env["TMPDIR"];
      process.env["TMPDIR"] = top;
    });
    after(() => {
      if (usual === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = usual;
    });

    async function run(command: string, sessionId: string, root = top): Promise<string> {
      const environment = { ...process.env, HOME: top };
      const sandbox = createBubblewrap({ environment });
      const options = { claimsOf: async () => [], sandbox, environment };
      const bash = createBashTool({ ...options, mode: () => "required" });
      const place = { sessionId, roots: [root], closed: [], cwd: root };
      const claimed = await bash.claim({ command }, { ...place, envPass: [], hasNetwork: false });
      await claimed.prepare?.();
      const { parts } = await claimed.run(createRunContext());
      return parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
    }

    it("is its /tmp, which lasts from call to call and which no other session sees", async () => {
      const [one, other] = sessions;
      assert.equal(
        await run("ls -A /tmp; echo kept > $TMPDIR/file; mktemp -d", one).then(lines),
        1,
      );
      assert.equal(await run("cat /tmp/file", one), "kept\n");
      assert.equal(await run("ls -A /tmp; echo end", other), "end\n");
      // A link in it leads no mount elsewhere: nothing is mounted below it.
      await run("ln -s /etc /tmp/link", one);
      assert.equal(await run("cat /tmp/file", one), "kept\n");
      assert.deepEqual(
        (await readdir(join(top, `daphnia-${process.getuid?.()}`, one))).includes("file"),
        true,
      );
    });

    it("is empty at each call where a root lies in the machine's own", async () => {
      const root = await realpath(await mkdtemp("/tmp/dph-root-"));
      try {
        const [one] = sessions;
        assert.equal(await run("echo x > /tmp/gone; ls /tmp/gone", one, root), "/tmp/gone\n");
        assert.match(await run("cat /tmp/gone", one, root), /No such file/);
      } finally {
        await rm(root, { recursive: true });
      }
    });
  });
});

const lines = (text: string) => text.trim().split("\n").length;
