import assert from "node:assert/strict";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readFileNow } from "./read-file-now.ts";
import { replaceFile } from "./replace-file.ts";
import { createTemporaryPlace } from "./testing/temporary-place.ts";

const bytes = Buffer.from("new");

describe("replaceFile", () => {
  it("takes nobody's place with a new file (R3)", async () => {
    await using temporary = await createTemporaryPlace();
    const secret = await temporary.write("secret", "secret");
    const there = await temporary.write("root/there", "theirs");
    const linked = join(temporary.root, "link");
    await symlink(secret, linked);
    for (const path of [there, linked]) {
      const written = await replaceFile(path, { bytes, before: undefined, mode: undefined });
      assert.match("problem" in written ? written.problem : "", /^it changed while/);
    }
    assert.equal(await readFile(there, "utf8"), "theirs");
    assert.equal(await readFile(secret, "utf8"), "secret");
    assert.deepEqual((await readdir(temporary.root)).toSorted(), ["link", "there"]);
  });

  it("replaces and removes only what it was told is there (R3)", async () => {
    await using temporary = await createTemporaryPlace();
    const path = await temporary.write("root/file", "one");
    const found = await readFileNow(path, []);
    assert.ok("now" in found);
    await writeFile(path, "by another");
    for (const content of [bytes, undefined]) {
      const written = await replaceFile(path, { bytes: content, before: found.now, mode: 0o600 });
      assert.match("problem" in written ? written.problem : "", /^it changed while/);
    }
    assert.equal(await readFile(path, "utf8"), "by another");
    assert.deepEqual(await readdir(temporary.root), ["file"]);
  });

  it("makes no folder through a link (R2)", async () => {
    await using temporary = await createTemporaryPlace();
    await temporary.write("outside/x", "");
    await symlink("../outside", join(temporary.root, "link"));
    const path = join(temporary.root, "link/new/file");
    const written = await replaceFile(path, { bytes, before: undefined, mode: undefined });
    assert.ok("problem" in written);
    assert.deepEqual(await readdir(join(temporary.outside, "outside")), ["x"]);
  });
});
