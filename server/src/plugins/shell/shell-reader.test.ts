import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadShellReader, type ShellReader } from "./shell-reader.ts";
import { systemDisk } from "./system-disk.ts";

describe("a shell reader on a real disk", () => {
  let top: string;
  let root: string;
  let read: ShellReader;
  before(async () => {
    read = await loadShellReader();
    top = realpathSync(mkdtempSync(join(tmpdir(), "daphnia-shell-")));
    root = join(top, "app");
    mkdirSync(join(root, "conf"), { recursive: true });
    mkdirSync(join(top, "other"));
    writeFileSync(join(root, "conf/a.pem"), "");
    writeFileSync(join(root, "conf/b.txt"), "");
    symlinkSync(join(top, "other"), join(root, "out"));
  });
  after(() => rmSync(top, { recursive: true }));

  const claims = (line: string) => {
    const scene = {
      cwd: root,
      home: join(top, "home"),
      roots: [root],
      closed: [],
      disk: systemDisk,
    };
    return read(line, scene).map(({ claim }) => claim);
  };
  const paths = (line: string) =>
    claims(line).flatMap((claim) => ("path" in claim ? [claim.path.replace(top, "")] : []));
  const risks = (line: string) =>
    claims(line).flatMap((claim) => (claim.kind === "run" ? [claim.risk] : []));

  it("claims what a pattern really stands for", () => {
    assert.deepEqual(paths("cat conf/*"), ["/app/conf/a.pem", "/app/conf/b.txt", "/app/conf/*"]);
    assert.deepEqual(paths("cat */*.pem").slice(0, 1), ["/app/conf/a.pem"]);
  });

  it("follows links, and takes .. both ways", () => {
    assert.deepEqual(paths("cat out/x"), ["/other/x"]);
    assert.deepEqual(paths("echo x > out/new"), ["/other/new"]);
    assert.deepEqual(paths("cat out/../x"), ["/app/x", "/x"]);
    assert.deepEqual(paths("cd out && cat y"), ["/other", "/other/y"]);
  });

  it("knows of no harmless git where the repository's configuration runs a program", () => {
    execFileSync("git", ["init", "-q", root], { stdio: "ignore" });
    assert.deepEqual(risks("git status"), ["plain"]);
    for (const [name, value] of [
      ["core.fsmonitor", "./x"],
      ["diff.a.textconv", "./x"],
      ["include.path", "./y"],
    ] as const) {
      execFileSync("git", ["-C", root, "config", name, value]);
      assert.deepEqual(risks("git status"), ["unknown"], name);
      assert.deepEqual(risks("cd conf && git diff"), ["plain", "unknown"], name);
      execFileSync("git", ["-C", root, "config", "--unset", name]);
    }
    assert.deepEqual(risks("git status"), ["plain"]);
  });
});
