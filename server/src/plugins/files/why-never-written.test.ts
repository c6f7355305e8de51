import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createFileTools } from "./file-tools.ts";
import { createFileRestorer } from "./restore-file.ts";
import { createTemporaryPlace } from "./testing/temporary-place.ts";

const guarded = [
  ".git/hooks/pre-commit",
  ".git/hooks/deep/er",
  ".git/config",
  ".git/config.worktree",
  ".git/commondir",
  ".git/info/attributes",
  ".git/modules/lib/hooks/post-checkout",
  ".git/modules/a/b/config",
  "vendor/.git/config",
  ".GIT/Config",
  ".daphnia/rules.toml",
  "sub/.daphnia/agents/x.md",
];
const free = [".gitignore", ".git/info/exclude", ".git/configs", "hooks/pre-commit", "daphnia/x"];

const toolOf = (name: string) => {
  const found = createFileTools().find(({ spec }) => spec.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

describe("what is never written", () => {
  it("is refused by write, where no rule was asked, be it there or yet to come", async () => {
    await using place = await createTemporaryPlace();
    for (const path of guarded) {
      const made = await place.call(toolOf("write"), { path, content: "evil" });
      assert.equal(made.isError, true, path);
      assert.match(made.text, /no agent changes it$/);
    }
    assert.deepEqual(await readdir(place.root), []);
    for (const path of free) {
      const { isError, text } = await place.call(toolOf("write"), { path, content: "good" });
      assert.equal(isError, false, text);
    }
  });

  it("is refused by edit and by write, though it was read, and by what a link is called", async () => {
    await using place = await createTemporaryPlace();
    const file = await place.write("root/.git/config", "[core]\n");
    await symlink(".git", join(place.root, "innocent"));
    const tools = createFileTools();
    for (const path of [".git/config", "innocent/config", "x/../.git/config"]) {
      for (const [name, given] of [
        ["read", {}],
        ["edit", { old_string: "core", new_string: "evil" }],
        ["write", { content: "evil" }],
      ] as const) {
        const tool = tools.find(({ spec }) => spec.name === name);
        assert.ok(tool);
        const { isError, text } = await place.call(tool, { path, ...given });
        assert.equal(isError, name !== "read", text);
      }
    }
    assert.equal(await readFile(file, "utf8"), "[core]\n");
  });

  it("is refused by the restorer", async () => {
    await using place = await createTemporaryPlace();
    const file = await place.write("root/.git/hooks/pre-commit", "now");
    const after = createHash("sha256").update("now").digest("hex");
    for (const before of [Buffer.from("evil"), undefined]) {
      const change = { path: file, before, after, mode: 0o755 };
      const why = await createFileRestorer([]).restore(change, place.place);
      assert.equal(why, "it is run by git, and no agent changes it");
    }
    assert.equal(await readFile(file, "utf8"), "now");
  });
});
