import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { resolveTarget } from "./resolve-target.ts";
import { createTemporaryPlace } from "./testing/temporary-place.ts";

describe("resolveTarget", () => {
  it("says the real path, wherever the words lead", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, outside, write } = temporary;
    const secret = await write("secret.txt", "s");
    const evil = await write("root-evil/x.txt", "x");
    await write("root/a/b.txt", "b");
    await symlink(secret, join(root, "link"));
    await symlink("a", join(root, "alias"));
    await symlink("../..", join(root, "a", "up"));
    const cases = {
      "a/b.txt": join(root, "a/b.txt"),
      "alias/b.txt": join(root, "a/b.txt"),
      link: secret,
      "../secret.txt": secret,
      "a/../../secret.txt": secret,
      "../root-evil/x.txt": evil,
      "a/up/secret.txt": secret,
      ".": root,
      [secret]: secret,
      [`${root}/../root/a/`]: join(root, "a"),
      "/": "/",
    };
    for (const [path, real] of Object.entries(cases)) {
      assert.equal(await resolveTarget(path, root), real, path);
    }
    assert.equal(await resolveTarget("root", outside), root);
  });

  it("keeps the name of what is missing below what is real", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, outside, write } = temporary;
    await write("root/file", "");
    await symlink(outside, join(root, "out"));
    await symlink("nowhere", join(root, "dangling"));
    await symlink("circle", join(root, "circle"));
    const cases = {
      "no/such": join(root, "no/such"),
      "out/no/such": join(outside, "no/such"),
      "no/../../x": join(outside, "x"),
      "file/below": join(root, "file/below"),
      dangling: join(root, "dangling"),
      circle: join(root, "circle"),
      "~": join(root, "~"),
      "~/.ssh/id": join(root, "~/.ssh/id"),
      [`${"x".repeat(300)}/y`]: join(root, `${"x".repeat(300)}/y`),
    };
    for (const [path, real] of Object.entries(cases)) {
      assert.equal(await resolveTarget(path, root), real, path);
    }
  });
});
