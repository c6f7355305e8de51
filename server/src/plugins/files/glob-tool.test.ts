import assert from "node:assert/strict";
import { mkdir, rename, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import { createGlobTool } from "./glob-tool.ts";
import { createTemporaryPlace, said } from "./testing/temporary-place.ts";

const tool = createGlobTool();

describe("glob", () => {
  it("finds the newest first, hidden ones too, but never git's own or ignored ones", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, write } = temporary;
    await write("root/.git/HEAD", "");
    await write("root/.gitignore", "*.log\nsrc/made/\n");
    const names = [".github/w.yml", "src/a.ts", "b.ts", "src/made/c.ts", "d.log"];
    for (const [age, name] of names.entries()) {
      const path = await write(`root/${name}`, "");
      await utimes(path, 1_000_000 - age, 1_000_000 - age);
    }
    await utimes(join(root, ".gitignore"), 0, 0);
    assert.equal(
      (await temporary.call(tool, { pattern: "**" })).text,
      ".github/w.yml\nsrc/a.ts\nb.ts\n.gitignore",
    );
    assert.equal((await temporary.call(tool, { pattern: "src/**" })).text, "src/a.ts");
    assert.deepEqual(await temporary.call(tool, { pattern: "*.log" }), {
      isError: false,
      text: "No file in . fits; what .gitignore names was left out.",
    });
  });

  it("looks in the folder that is given, and shows paths from the working folder", async () => {
    await using temporary = await createTemporaryPlace();
    const { outside, write } = temporary;
    await write("root/src/日本\n語.ts", "");
    await write("other/-b.ts", "");
    assert.equal(
      (await temporary.call(tool, { pattern: "*.ts", path: "src" })).text,
      '"src/日本\\n語.ts"',
    );
    assert.equal(
      (await temporary.call(tool, { pattern: "-*", path: "../other" })).text,
      join(outside, "other/-b.ts"),
    );
  });

  it("shows 500 files and counts the rest", async () => {
    await using temporary = await createTemporaryPlace();
    await Promise.all(Array.from({ length: 503 }, (_, i) => temporary.write(`root/${i}.txt`, "")));
    const lines = (await temporary.call(tool, { pattern: "*.txt" })).text.split("\n");
    assert.equal(lines.length, 501);
    assert.equal(lines[500], "[3 more files fit and are left out.]");
  });

  it("does not follow links, and claims the real folder", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, outside, place, write } = temporary;
    await write("secret/a.ts", "");
    await symlink("../secret", join(root, "link"));
    await symlink("../secret/a.ts", join(root, "a.ts"));
    assert.match((await temporary.call(tool, { pattern: "*.ts" })).text, /^No file/);
    const { claims } = await tool.claim({ pattern: "*.ts", path: "link" }, place);
    assert.deepEqual(claims, [{ kind: "read", path: join(outside, "secret") }]);
  });

  it("refuses a folder that became a link after the claim", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, place, write } = temporary;
    await write("secret/a.ts", "");
    await mkdir(join(root, "src"));
    const claimed = await tool.claim({ pattern: "*", path: "src" }, place);
    await rename(join(root, "src"), join(root, "moved"));
    await symlink("../secret", join(root, "src"));
    const { isError, text } = said(await claimed.run(createRunContext()));
    assert.equal(isError, true);
    assert.match(text, /^src: it (changed|is a symbolic link)/);
  });

  it("says what is no folder", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a", "");
    const text = async (path: string) => (await temporary.call(tool, { pattern: "*", path })).text;
    assert.equal(await text("a"), "a is not a folder; use read");
    assert.equal(await text("no"), "no: it does not exist");
  });
});
