import assert from "node:assert/strict";
import {
  chmod,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import { createFileTools } from "./file-tools.ts";
import { createFileRestorer } from "./restore-file.ts";
import { createTemporaryPlace, said, type TemporaryPlace } from "./testing/temporary-place.ts";

/** The tools as a session has them, in a folder of their own. */
async function openBench() {
  const place = await createTemporaryPlace();
  const tools = createFileTools();
  const tool = (name: string) => {
    const found = tools.find(({ spec }) => spec.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  return {
    ...place,
    claim: (name: string, given: Record<string, unknown>) => tool(name).claim(given, place.place),
    call: (name: string, given: Record<string, unknown>) => place.call(tool(name), given),
    run: async (name: string, given: Record<string, unknown>) =>
      (await tool(name).claim(given, place.place)).run(createRunContext()),
    file: (name: string) => readFile(join(place.root, name), "utf8"),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

const inRoot = ({ root }: Pick<TemporaryPlace, "root">, name: string) => join(root, name);

describe("write", () => {
  it("makes a file with its folders, and tells the change", async () => {
    await using bench = await openBench();
    const { parts, changes } = await bench.run("write", { path: "a/b/c.txt", content: "one\n" });
    assert.equal(said({ parts, isError: false }).text, "a/b/c.txt: made, 4 bytes");
    assert.equal(await bench.file("a/b/c.txt"), "one\n");
    const [change] = changes ?? [];
    assert.deepEqual(
      [change?.path, change?.before, change?.mode],
      [inRoot(bench, "a/b/c.txt"), undefined, 0],
    );
    assert.match(change?.diff ?? "", /^--- \/dev\/null\n\+\+\+ b\/a\/b\/c\.txt\n@@.*\n\+one\n$/);
  });

  it("replaces what was read before, keeps its mode, and leaves nothing else behind", async () => {
    await using bench = await openBench();
    await bench.write("root/run.sh", "old\n");
    await chmod(inRoot(bench, "run.sh"), 0o750);
    const unseen = await bench.call("write", { path: "run.sh", content: "new\n" });
    assert.deepEqual([unseen.isError, /you have not read it/.test(unseen.text)], [true, true]);
    await bench.call("read", { path: "run.sh" });
    assert.equal((await bench.call("write", { path: "run.sh", content: "new\n" })).isError, false);
    assert.equal((await stat(inRoot(bench, "run.sh"))).mode & 0o777, 0o750);
    assert.deepEqual(await readdir(bench.root), ["run.sh"]);
    // What it wrote itself it has seen.
    assert.equal(
      (await bench.call("write", { path: "run.sh", content: "newer\n" })).isError,
      false,
    );
  });

  it("does not overwrite what changed since it was read", async () => {
    await using bench = await openBench();
    await bench.write("root/a.txt", "one");
    await bench.call("read", { path: "a.txt" });
    await writeFile(inRoot(bench, "a.txt"), "by hand");
    const { text } = await bench.call("write", { path: "a.txt", content: "two" });
    assert.match(text, /it changed since you read it/);
    assert.equal(await bench.file("a.txt"), "by hand");
  });

  it("says why a folder, a pipe's place or a file on the way cannot be one", async () => {
    await using bench = await openBench();
    await mkdir(inRoot(bench, "folder"));
    await bench.write("root/file", "x");
    assert.match((await bench.call("write", { path: "folder", content: "" })).text, /is a folder/);
    assert.match(
      (await bench.call("write", { path: "file/x", content: "" })).text,
      /not a folder|does not exist/,
    );
  });

  it("may be run again after it was cut off, and then changes nothing more", async () => {
    await using bench = await openBench();
    const write = { path: "a.txt", content: "whole\n" };
    await bench.run("write", write);
    await using again = await openBench();
    await again.write("root/a.txt", "whole\n"); // as the first run left it; nothing is remembered
    const { changes, parts } = await again.run("write", write);
    assert.equal(changes, undefined);
    assert.equal(said({ parts, isError: false }).text, "a.txt: it holds just that already");
  });

  it("notices a change that took no time and no room", async () => {
    await using bench = await openBench();
    const path = await bench.write("root/a.txt", "one");
    await bench.call("read", { path: "a.txt" });
    const { atime, mtime } = await stat(path);
    await writeFile(path, "two");
    await utimes(path, atime, mtime);
    const { text } = await bench.call("write", { path: "a.txt", content: "mine" });
    assert.match(text, /it changed since you read it/);
  });

  it("does not mind a file that was only touched, nor one that is empty", async () => {
    await using bench = await openBench();
    await bench.write("root/a.txt", "one");
    await bench.call("read", { path: "a.txt", limit: 1 });
    await utimes(inRoot(bench, "a.txt"), 1, 1);
    assert.equal((await bench.call("write", { path: "a.txt", content: "two" })).isError, false);
    await bench.write("root/empty", "");
    assert.equal((await bench.call("write", { path: "empty", content: "x" })).isError, false);
  });

  it("gives nobody the rights of a file that runs as its owner", async () => {
    await using bench = await openBench();
    await bench.write("root/tool", "old");
    await chmod(inRoot(bench, "tool"), 0o4755);
    await bench.call("read", { path: "tool" });
    await bench.call("write", { path: "tool", content: "new" });
    assert.equal((await stat(inRoot(bench, "tool"))).mode & 0o7777, 0o755);
  });

  it("touches nothing of the daemon, be it there or yet to come", async () => {
    await using bench = await openBench();
    const home = inRoot(bench, "home");
    const store = await bench.write("root/home/daphnia.db", "store");
    await link(store, inRoot(bench, "innocent"));
    const sealed = [store, inRoot(bench, "later.db")];
    const write = createFileTools({ sealed }).find(({ spec }) => spec.name === "write");
    assert.ok(write);
    const answers: string[] = [];
    for (const [path, closed] of [
      ["innocent", []],
      ["later.db", []],
      ["home/x", [home]],
    ] as const) {
      const place = { ...bench.place, closed };
      const claimed = await write.claim({ path, content: "x" }, place);
      answers.push(said(await claimed.run(createRunContext())).text);
    }
    for (const text of answers) assert.match(text, /belongs to the daemon/);
    assert.deepEqual(await readdir(bench.root), ["home", "innocent"]);
    assert.deepEqual(await readdir(home), ["daphnia.db"]);
  });

  it("writes nothing once it is canceled", async () => {
    await using bench = await openBench();
    const claimed = await bench.claim("write", { path: "a.txt", content: "x" });
    const signal = AbortSignal.abort(new Error("canceled"));
    await assert.rejects(claimed.run(createRunContext({ signal })), /canceled/);
    assert.deepEqual(await readdir(bench.root), []);
  });

  it("claims where a link leads to, and never follows one that came later", async () => {
    await using bench = await openBench();
    await mkdir(join(bench.outside, "elsewhere"));
    await symlink(join(bench.outside, "elsewhere"), inRoot(bench, "link"));
    const { claims } = await bench.claim("write", { path: "link/x", content: "" });
    assert.deepEqual(claims, [{ kind: "write", path: join(bench.outside, "elsewhere", "x") }]);

    await mkdir(inRoot(bench, "real"));
    const claimed = await bench.claim("write", { path: "real/x", content: "escaped" });
    await rename(inRoot(bench, "real"), inRoot(bench, "moved"));
    await symlink(join(bench.outside, "elsewhere"), inRoot(bench, "real"));
    const { isError } = await claimed.run(createRunContext());
    assert.equal(isError, true);
    assert.deepEqual(await readdir(join(bench.outside, "elsewhere")), []);
  });

  it("puts a new file in a link's place, and leaves a hard link's other name alone", async () => {
    await using bench = await openBench();
    await bench.write("outside.txt", "outside");
    await link(join(bench.outside, "outside.txt"), inRoot(bench, "hard.txt"));
    await bench.call("read", { path: "hard.txt" });
    const { isError, text } = await bench.call("write", { path: "hard.txt", content: "mine" });
    assert.deepEqual([isError, /its other names keep what it held$/.test(text)], [false, true]);
    assert.equal(await readFile(join(bench.outside, "outside.txt"), "utf8"), "outside");
  });
});

describe("edit", () => {
  async function edited(content: string, given: Record<string, unknown>) {
    await using bench = await openBench();
    await bench.write("root/a.txt", content);
    await bench.call("read", { path: "a.txt" });
    const answer = await bench.call("edit", { path: "a.txt", ...given });
    return { ...answer, content: await bench.file("a.txt") };
  }

  it("replaces a text that is there once", async () => {
    const { text, content } = await edited("one\ntwo\nthree\n", {
      old_string: "two",
      new_string: "2",
    });
    assert.deepEqual([text, content], ["a.txt: 1 replacement at line 2", "one\n2\nthree\n"]);
  });

  it("says how often and where a text is that is there more often, unless all are meant", async () => {
    const twice = { old_string: "x", new_string: "y" };
    const { text, content } = await edited("x\n\nx\n", twice);
    assert.match(text, /is there 2 times \(lines 1, 3\)/);
    assert.equal(content, "x\n\nx\n");
    assert.equal((await edited("x\n\nx\n", { ...twice, replace_all: true })).content, "y\n\ny\n");
  });

  it("says what comes near to a text that is not there", async () => {
    const wanted = { old_string: "if (a) {\n  b();\n}", new_string: "c" };
    const spaced = await edited("x\nif (a) {\n\tb();\n}\n", wanted);
    assert.match(spaced.text, /at line 2 it differs in its white space/);
    const longer = await edited("x\nif (a) {\n  c();\n}\n", wanted);
    assert.match(longer.text, /its first line is at line 2, what follows differs/);
    assert.match((await edited("x", wanted)).text, /is not in the file; read it again/);
  });

  it("keeps CRLF, a mark at the start, and what looks like a pattern", async () => {
    const crlf = await edited("\ufeffa\r\nb\r\nc\r\n", {
      old_string: "a\nb",
      new_string: "1\n$&\n2",
    });
    assert.equal(crlf.content, "\ufeff1\r\n$&\r\n2\r\nc\r\n");
    const mixed = await edited("a\r\nb\nc", { old_string: "b\nc", new_string: "d" });
    assert.equal(mixed.content, "a\r\nd");
  });

  it("refuses what is not text, was not read, or is not there", async () => {
    await using bench = await openBench();
    await bench.write("root/bin", Buffer.from([0xff, 0xfe, 0x00]));
    await bench.call("read", { path: "bin" });
    const change = { old_string: "a", new_string: "b" };
    assert.match((await bench.call("edit", { path: "bin", ...change })).text, /is not text/);
    assert.match((await bench.call("edit", { path: "none", ...change })).text, /does not exist/);
    await bench.write("root/unread", "a");
    assert.match((await bench.call("edit", { path: "unread", ...change })).text, /have not read/);
    await assert.rejects(bench.call("edit", { path: "a", old_string: "a", new_string: "a" }));
  });

  it("shows a person what it would change, and changes nothing by that", async () => {
    await using bench = await openBench();
    await bench.write("root/a.txt", "one\ntwo\n");
    await bench.call("read", { path: "a.txt" });
    const claimed = await bench.claim("edit", {
      path: "a.txt",
      old_string: "two",
      new_string: "2",
    });
    assert.match((await claimed.preview?.()) ?? "", /\n one\n-two\n\+2\n$/);
    assert.equal(await bench.file("a.txt"), "one\ntwo\n");
  });
});

describe("the restorer", () => {
  it("A6: puts a file back, with its mode, and removes one that was made", async () => {
    await using bench = await openBench();
    await bench.write("root/a.txt", "before");
    await chmod(inRoot(bench, "a.txt"), 0o640);
    await bench.call("read", { path: "a.txt" });
    const changed = await bench.run("write", { path: "a.txt", content: "after" });
    const made = await bench.run("write", { path: "new.txt", content: "new" });
    const restorer = createFileRestorer([]);
    for (const { changes = [] } of [changed, made]) {
      for (const change of changes)
        assert.equal(await restorer.restore(change, bench.place), undefined);
    }
    assert.equal(await bench.file("a.txt"), "before");
    assert.equal((await stat(inRoot(bench, "a.txt"))).mode & 0o777, 0o640);
    assert.deepEqual(await readdir(bench.root), ["a.txt"]);
  });

  it("leaves permission bits as somebody set them since", async () => {
    await using bench = await openBench();
    await bench.write("root/a.txt", "before");
    await bench.call("read", { path: "a.txt" });
    const { changes = [] } = await bench.run("write", { path: "a.txt", content: "after" });
    await chmod(inRoot(bench, "a.txt"), 0o600);
    const [change] = changes;
    assert.ok(change);
    assert.equal(await createFileRestorer([]).restore(change, bench.place), undefined);
    assert.equal(await bench.file("a.txt"), "before");
    assert.equal((await stat(inRoot(bench, "a.txt"))).mode & 0o777, 0o600);
  });

  it("puts nothing back in the daemon's folders", async () => {
    await using bench = await openBench();
    const { changes = [] } = await bench.run("write", { path: "home/a", content: "x" });
    const [change] = changes;
    assert.ok(change);
    const place = { ...bench.place, closed: [inRoot(bench, "home")] };
    assert.equal(await createFileRestorer([]).restore(change, place), "it belongs to the daemon");
    assert.equal(await bench.file("home/a"), "x");
  });

  it("leaves what changed since, is gone, became a link, or is outside now", async () => {
    await using bench = await openBench();
    const { changes = [] } = await bench.run("write", { path: "a.txt", content: "mine" });
    const [change] = changes;
    assert.ok(change);
    const restore = (roots = bench.place.roots) =>
      createFileRestorer([]).restore(change, { ...bench.place, roots });
    assert.match((await restore([join(bench.root, "sub")])) ?? "", /outside the session's roots/);
    await writeFile(inRoot(bench, "a.txt"), "by hand");
    assert.equal(await restore(), "it changed since");
    await rm(inRoot(bench, "a.txt"));
    assert.equal(await restore(), "it is gone");
    await bench.write("other.txt", "mine");
    await symlink(join(bench.outside, "other.txt"), inRoot(bench, "a.txt"));
    assert.equal(await restore(), "its path leads elsewhere now");
  });
});
