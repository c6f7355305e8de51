import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { resolveFolder } from "./resolve-folder.ts";
import { createTemporaryPlace } from "./testing/temporary-place.ts";

describe("resolveFolder", () => {
  it("answers the real path", async () => {
    await using temporary = await createTemporaryPlace();
    await symlink("root", join(temporary.outside, "link"));
    assert.equal(await resolveFolder(join(temporary.outside, "link")), temporary.root);
    assert.equal(await resolveFolder(`${temporary.root}/../root/`), temporary.root);
  });

  it("says what is wrong with anything else, naming the field", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, write } = temporary;
    const file = await write("root/file", "");
    await symlink("circle", join(root, "circle"));
    const cases: [string, string][] = [
      ["src", `cwd: must be an absolute path, got "src"`],
      [join(root, "no"), `cwd: "${join(root, "no")}" does not exist`],
      [file, `cwd: "${file}" is not a folder`],
      [join(file, "x"), `cwd: "${join(file, "x")}" leads through something that is not a folder`],
      [join(root, "circle"), `cwd: "${join(root, "circle")}" is a circle of symbolic links`],
      ["/a\0b", `cwd: must not contain a NUL character: "/a\\u0000b"`],
    ];
    for (const [path, message] of cases) {
      await assert.rejects(resolveFolder(path, "cwd"), { refusal: "invalid_argument", message });
    }
  });
});
