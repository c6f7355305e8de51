import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { link, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { largestImage } from "../../core/tool/image.ts";
import { pngImage } from "../../core/tool/testing/png-image.ts";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import { createReadTool } from "./read-tool.ts";
import { createTemporaryPlace, said } from "./testing/temporary-place.ts";

const tool = createReadTool();
const signal = new AbortController().signal;

describe("read", () => {
  it("numbers the lines, and does not count the end of the last as one more", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a.txt", "one\n\n  three\n");
    assert.deepEqual(await temporary.call(tool, { path: "a.txt" }), {
      isError: false,
      text: "     1\tone\n     2\t\n     3\t  three",
    });
  });

  it("reads from a line on, and says how to read on", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a.txt", "1\n2\n3\n4\n5");
    const page = async (offset: number, limit: number) =>
      (await temporary.call(tool, { path: "a.txt", offset, limit })).text;
    assert.equal(await page(2, 2), "     2\t2\n     3\t3\n[There is more. Read on with offset 4.]");
    assert.equal(await page(4, 2), "     4\t4\n     5\t5");
    assert.equal(await page(5, 9), "     5\t5");
    assert.equal(await page(6, 1), "a.txt has 5 lines; offset 6 is behind the last");
    assert.equal(await page(99, 1), "a.txt has 5 lines; offset 99 is behind the last");
  });

  it("claims the real path and nothing else", async () => {
    await using temporary = await createTemporaryPlace();
    const { place, root, write } = temporary;
    const secret = await write("root-evil/secret", "s");
    await symlink(secret, join(root, "link"));
    for (const path of ["link", "../root-evil/secret", secret]) {
      const { claims } = await tool.claim({ path }, place);
      assert.deepEqual(claims, [{ kind: "read", path: secret }]);
    }
  });

  it("refuses a file that became a link, or whose folder did, after the claim", async () => {
    await using temporary = await createTemporaryPlace();
    const { place, root, write, outside } = temporary;
    await write("dir/file", "secret");
    await write("root/dir/file", "mine");
    await write("root/file", "mine");
    const byName = await tool.claim({ path: "file" }, place);
    const byFolder = await tool.claim({ path: "dir/file" }, place);
    await rm(join(root, "file"));
    await symlink(join(outside, "dir/file"), join(root, "file"));
    await rename(join(root, "dir"), join(root, "moved"));
    await symlink(join(outside, "dir"), join(root, "dir"));
    for (const claimed of [byName, byFolder]) {
      const { isError, text } = said(await claimed.run(createRunContext({ signal })));
      assert.equal(isError, true);
      assert.match(text, /it changed while it was looked at|it is a symbolic link/);
    }
  });

  it("answers a binary file with its type and size", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a.png", Buffer.from("89504e470d0a1a0a0000", "hex"));
    await temporary.write("root/b", Buffer.from("x\0y"));
    assert.deepEqual(await temporary.call(tool, { path: "a.png" }), {
      isError: false,
      text: "a.png is not text: PNG image, 10 bytes",
    });
    assert.match((await temporary.call(tool, { path: "b" })).text, /unknown type, 3 bytes/);
  });

  it("shows an image, but for one that a provider would refuse", async () => {
    await using temporary = await createTemporaryPlace();
    const bytes = pngImage(3, 2);
    const path = await temporary.write("root/pic.png", bytes);
    const claimed = await tool.claim({ path: "pic.png" }, temporary.place);
    const { parts, attachments } = await claimed.run(createRunContext());
    assert.deepEqual(attachments, [{ bytes, mediaType: "image/png", name: "pic.png" }]);
    assert.equal(
      String(parts[0]?.kind.value),
      `pic.png is not text: PNG image, ${bytes.length} bytes; the image follows: 3 × 2 pixels`,
    );
    for (const [held, end] of [
      [pngImage(8001, 1), / bytes; an image of 8001 × 1 pixels, of which at most 8000 are shown$/],
      [pngImage(2, 2, largestImage), / bytes$/],
      [bytes.subarray(0, -1), / bytes$/],
    ] as const) {
      await writeFile(path, held);
      const again = await tool.claim({ path: "pic.png" }, temporary.place);
      const answer = await again.run(createRunContext());
      assert.equal(answer.attachments, undefined);
      assert.match(String(answer.parts[0]?.kind.value), end);
    }
  });

  it("reads a page of a file of 8 GiB", async () => {
    await using temporary = await createTemporaryPlace();
    const path = await temporary.write("root/huge", "a\n".repeat(8192));
    const file = await open(path, "r+");
    await file.truncate(8 * 1024 ** 3);
    await file.close();
    const { text } = await temporary.call(tool, { path: "huge", offset: 8000, limit: 1 });
    assert.equal(text, "  8000\ta\n[There is more. Read on with offset 8001.]");
  });

  it("stops at 256 KiB and at 2000 characters of a line, and says so", async () => {
    await using temporary = await createTemporaryPlace();
    const long = "\u{1F980}".repeat(1500);
    await temporary.write("root/a", `${long}\n${"y".repeat(1000)}\n`.repeat(400));
    const { text } = await temporary.call(tool, { path: "a" });
    assert.ok(Buffer.byteLength(text) <= 257 * 1024);
    const lines = text.split("\n");
    const cut = "\u{1F980}".repeat(1000);
    assert.equal(lines[0], `     1\t${cut} … [line cut here; it has 6000 bytes]`);
    assert.equal(lines.at(-1), `[There is more. Read on with offset ${lines.length}.]`);
    const next = await temporary.call(tool, { path: "a", offset: lines.length, limit: 1 });
    assert.match(next.text, new RegExp(`^ *${lines.length}\t`));
  });

  it("shows CRLF, a byte order mark and broken UTF-8 as notes, not as letters", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a", "\uFEFFone\r\ntwo\r\n");
    await temporary.write("root/b", Buffer.from("caf\xe9\n", "latin1"));
    const crlf = await temporary.call(tool, { path: "a" });
    assert.equal(crlf.text, "     1\tone\n     2\ttwo\n[Lines end in CRLF.]");
    const latin = await temporary.call(tool, { path: "b" });
    assert.equal(
      latin.text,
      "     1\tcaf\uFFFD\n[Some bytes are not UTF-8; \uFFFD stands for them.]",
    );
  });

  it("says what is empty, a folder, or no file at all", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/dir/empty", "");
    execFileSync("mkfifo", [join(temporary.root, "pipe")]);
    assert.deepEqual(await temporary.call(tool, { path: "dir/empty" }), {
      isError: false,
      text: "dir/empty is empty",
    });
    assert.deepEqual(await temporary.call(tool, { path: "dir" }), {
      isError: true,
      text: "dir is a folder; use glob to list its files",
    });
    assert.deepEqual(await temporary.call(tool, { path: "pipe" }), {
      isError: true,
      text: "pipe is a device, pipe or socket, not a file",
    });
  });

  it("names what a missing file may be meant as, but only inside the roots", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/Größe_table.md", "");
    await temporary.write("root/other", "");
    await temporary.write("secret.md", "");
    const near = await temporary.call(tool, { path: "Gro\u0308ße-table.md" });
    assert.deepEqual(near, {
      isError: true,
      text: 'Gro\u0308ße-table.md: it does not exist. In the same folder: "Größe_table.md"',
    });
    const far = await temporary.call(tool, { path: "../secret.txt" });
    assert.equal(far.text, `${join(temporary.outside, "secret.txt")}: it does not exist`);
  });

  it("reads file names in any script, with line breaks in them too", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/日本 語/🦐\n.txt", "x");
    const path = "日本 語/🦐\n.txt";
    assert.equal((await temporary.call(tool, { path })).text, "     1\tx");
    const { text } = await temporary.call(tool, { path, offset: 5 });
    assert.match(text, /^"日本 語\/🦐\\n.txt" has 1 lines/);
  });

  it("never opens a sealed file", async () => {
    await using temporary = await createTemporaryPlace();
    const path = await temporary.write("root/daphnia.db", "x");
    await link(path, join(temporary.root, "other"));
    const { text } = await temporary.call(createReadTool({ sealed: [path] }), { path: "other" });
    assert.equal(text, "other: it belongs to the daemon and is never read");
  });

  it("refuses arguments that cannot be used, naming them", async () => {
    await using temporary = await createTemporaryPlace();
    const cases: [Record<string, unknown>, RegExp][] = [
      [{}, /^path: must be given/],
      [{ path: "" }, /^path: must not be empty/],
      [{ path: "a\0b" }, /^path: must not contain a NUL/],
      [{ path: "a", offset: 0 }, /^offset: must be a whole number from 1 .*, got 0/],
      [{ path: "a", limit: 5001 }, /^limit: must be a whole number from 1 to 5000, got 5001/],
    ];
    for (const [parameters, message] of cases) {
      const refused = { refusal: "invalid_argument", message };
      await assert.rejects(tool.claim(parameters, temporary.place), refused);
    }
  });

  it("rejects with the reason when it is canceled", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("root/a", "x");
    const canceled = temporary.call(tool, { path: "a" }, AbortSignal.abort("stop"));
    await assert.rejects(canceled, (reason) => reason === "stop");
  });

  it("reads what was left out of a long result page by page, and touches no file for it", async () => {
    await using bench = await createTemporaryPlace();
    const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => `line ${i + 1}\n`).join(""));
    const digest = "ab".repeat(32);
    const readBlob = async (wanted: string, offset: number, limit: number) =>
      wanted === digest ? { bytes: bytes.subarray(offset, offset + limit) } : undefined;
    const tool = createReadTool({ readBlob });
    const { claims } = await tool.claim({ path: `blob:${digest}` }, bench.place);
    assert.deepEqual(claims, [{ kind: "nothing" }]);
    const { text, isError } = await bench.call(tool, {
      path: `blob:${digest}`,
      offset: 4000,
      limit: 2,
    });
    assert.equal(isError, false);
    assert.equal(
      text,
      "  4000\tline 4000\n  4001\tline 4001\n[There is more. Read on with offset 4002.]",
    );
    const missing = await bench.call(tool, { path: `blob:${"cd".repeat(32)}` });
    assert.deepEqual([missing.isError, /does not exist/.test(missing.text)], [true, true]);
  });
});
