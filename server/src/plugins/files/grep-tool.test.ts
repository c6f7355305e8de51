import assert from "node:assert/strict";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import { createGrepTool } from "./grep-tool.ts";
import { createTemporaryPlace, said } from "./testing/temporary-place.ts";

const tool = createGrepTool();

describe("grep", () => {
  it("answers one block a file, sorted by path, with context", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/src/b.ts", "one\ntwo: 2:x\nthree\nfour\nfive\nsix two\n");
    await temporary.write("root/a.ts", "two\r\nTwo\r\n");
    const { text } = await temporary.call(tool, { pattern: "two", context: 1 });
    assert.equal(
      text,
      "a.ts\n1:two\n2-Two\n\nsrc/b.ts\n1-one\n2:two: 2:x\n3-three\n--\n5-five\n6:six two",
    );
    const folded = await temporary.call(tool, { pattern: "TWO$", ignore_case: true });
    assert.equal(folded.text, "a.ts\n1:two\n2:Two\n\nsrc/b.ts\n6:six two");
  });

  it("searches what .gitignore leaves, whatever the glob", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/.git/config", "x");
    await temporary.write("root/.gitignore", "made/\n*.log\n!keep.log\n");
    for (const name of ["made/a.ts", "src/b.ts", "src/c.js", "d.ts", "e.log", "keep.log"]) {
      await temporary.write(`root/${name}`, "x");
    }
    const files = async (glob?: string) =>
      (await temporary.call(tool, { pattern: "^x", files_only: true, ...(glob && { glob }) })).text;
    assert.equal(await files(), "d.ts\nkeep.log\nsrc/b.ts\nsrc/c.js");
    assert.equal(await files("**"), "d.ts\nkeep.log\nsrc/b.ts\nsrc/c.js");
    assert.equal(await files("*.ts"), "d.ts\nsrc/b.ts");
    assert.equal(await files("src/*.{ts,js}"), "src/b.ts\nsrc/c.js");
    assert.equal(await files("!*.ts"), "keep.log\nsrc/c.js");
    assert.equal(await files("*.log"), "keep.log");
  });

  it("never takes an argument for an option", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/--files", "--version\n");
    await temporary.write("root/a.txt", "-e\n");
    const text = async (parameters: Record<string, unknown>) =>
      (await temporary.call(tool, parameters)).text;
    assert.equal(await text({ pattern: "--version" }), "--files\n1:--version");
    assert.equal(await text({ pattern: "-e" }), "--files\n1:--version\n\na.txt\n1:-e".slice(-10));
    assert.equal(await text({ pattern: "v", path: "--files" }), "--files\n1:--version");
    assert.equal(await text({ pattern: "--", glob: "--*" }), "--files\n1:--version");
  });

  it("stops at the limit and says so", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a", "x\n".repeat(3));
    const text = async (limit: number, more = {}) =>
      (await temporary.call(tool, { pattern: "x", limit, ...more })).text;
    assert.equal(await text(3), "a\n1:x\n2:x\n3:x");
    assert.equal(await text(2), "a\n1:x\n2:x\n[Stopped at 2 matching lines; there are more.]");
    await temporary.write("root/b", "x");
    assert.equal(await text(1, { files_only: true }), "a\n[Stopped at 1 files; there are more.]");
  });

  it("cuts long lines, and long answers at 256 KiB", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a", `x${"é".repeat(1_000_000)}\n`);
    const { text } = await temporary.call(tool, { pattern: "^x" });
    assert.match(text, /^a\n1:xé{499} ?[.…[]/);
    assert.ok(text.length < 600);
    await temporary.write("root/a", `${"y".repeat(490)}\n`.repeat(2000));
    const long = await temporary.call(tool, { pattern: "y", limit: 2000 });
    assert.ok(Buffer.byteLength(long.text) < 258 * 1024);
    assert.match(long.text, /\[Stopped at 256 KiB; there is more\. Narrow path or glob\.\]$/);
  });

  it("answers a bad expression with ripgrep's words", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a", "x");
    const { isError, text } = await temporary.call(tool, { pattern: "a(" });
    assert.equal(isError, true);
    assert.match(text, /regex parse error[\s\S]*unclosed group/);
  });

  it("searches one file, and says when it is binary", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/dir/日本\n.txt", "a\nb x\n");
    await temporary.write("root/b.bin", "x\n\0\n");
    const inText = await temporary.call(tool, { pattern: "x", path: "dir/日本\n.txt" });
    assert.equal(inText.text, '"dir/日本\\n.txt"\n2:b x');
    const all = await temporary.call(tool, { pattern: "b x" });
    assert.equal(all.text, '"dir/日本\\n.txt"\n2:b x');
    const inBinary = await temporary.call(tool, { pattern: "x", path: "b.bin" });
    assert.match(inBinary.text, /\[binary file matches \(found .* offset 2\)\]$/);
    assert.deepEqual(await temporary.call(tool, { pattern: "none" }), {
      isError: false,
      text: "Nothing in . fits.",
    });
  });

  it("claims the real path, refuses it once it is a link, and follows none", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, outside, place, write } = temporary;
    const secret = await write("secret/a", "x");
    const file = await write("root/a", "x");
    await symlink("../secret", join(root, "link"));
    const byLink = await tool.claim({ pattern: "x", path: "link" }, place);
    assert.deepEqual(byLink.claims, [{ kind: "read", path: join(outside, "secret") }]);
    const byName = await tool.claim({ pattern: "x", path: "a" }, place);
    await rm(file);
    await symlink(secret, file);
    const { isError, text } = said(await byName.run(createRunContext()));
    assert.equal(isError, true);
    assert.match(text, /^a: it (changed|is a symbolic link)/);
    assert.equal((await temporary.call(tool, { pattern: "x" })).text, "Nothing in . fits.");
  });

  it("refuses a sealed file", async () => {
    await using temporary = await createTemporaryPlace();
    const path = await temporary.write("root/daphnia.db", "x");
    const sealed = createGrepTool({ sealed: [path] });
    const { text } = await temporary.call(sealed, { pattern: "x", path: "daphnia.db" });
    assert.equal(text, "daphnia.db: it belongs to the daemon and is never read");
  });
});
