import assert from "node:assert/strict";
import { link, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Pin, pinPath } from "./pin-path.ts";
import { createTemporaryPlace } from "./testing/temporary-place.ts";

const problemOf = async (path: string, sealed: string[] = []): Promise<string> => {
  const pinned = await pinPath(path, sealed);
  assert.ok("problem" in pinned, "expected a problem");
  return pinned.problem;
};
const pinOf = async (path: string): Promise<Pin> => {
  const pinned = await pinPath(path);
  assert.ok(!("problem" in pinned));
  return pinned;
};

describe("pinPath", () => {
  it("is never on a symbolic link, nor reached through one (P1)", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, outside, write } = temporary;
    await write("secret", "s");
    await symlink("../secret", join(root, "link"));
    await symlink("..", join(root, "folder"));
    await symlink("nowhere", join(root, "dangling"));
    assert.match(await problemOf(join(root, "link")), /symbolic link|changed/);
    assert.match(await problemOf(join(root, "folder")), /symbolic link|changed/);
    assert.match(await problemOf(join(root, "dangling")), /symbolic link|changed/);
    assert.match(await problemOf(join(root, "folder", "secret")), /changed/);
    await (await pinOf(join(outside, "secret")))[Symbol.asyncDispose]();
  });

  it("reads what was pinned or nothing, whatever takes its place (P2)", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, write } = temporary;
    await write("secret", "secret");
    const path = await write("root/file", "mine");
    await using pin = await pinOf(path);
    await rename(path, join(root, "moved"));
    await symlink("../secret", path);
    const text = await pin.openFile().then(
      async (file) => {
        await using open = file;
        return open.readFile("utf8");
      },
      () => "nothing",
    );
    assert.equal(text, process.platform === "linux" ? "mine" : "nothing");
  });

  it("refuses sealed files by any name, and does not mind those that are missing", async () => {
    await using temporary = await createTemporaryPlace();
    const { root, write } = temporary;
    const path = await write("home/daphnia.db", "");
    await link(path, join(root, "innocent"));
    const sealed = [join(root, "missing"), path];
    assert.match(await problemOf(join(root, "innocent"), sealed), /belongs to the daemon/);
  });

  it("says that something is missing", async () => {
    await using temporary = await createTemporaryPlace();
    const { root } = temporary;
    await writeFile(join(root, "file"), "");
    assert.deepEqual(await pinPath(join(root, "no")), {
      problem: "it does not exist",
      isMissing: true,
    });
    assert.match(await problemOf(join(root, "file/x")), /a file, not a folder/);
  });

  it("leaves no descriptor behind", { skip: process.platform !== "linux" }, async () => {
    await using temporary = await createTemporaryPlace();
    const { root, write } = temporary;
    const path = await write("root/file", "");
    await symlink("file", join(root, "link"));
    const held = async () => {
      const mine = await Promise.all(
        (await readdir("/proc/self/fd")).map((fd) =>
          readlink(`/proc/self/fd/${fd}`).catch(() => ""),
        ),
      );
      return mine.filter((target) => target.startsWith(root));
    };
    {
      await using pin = await pinOf(path);
      await (await pin.openFile()).close();
      assert.deepEqual(await held(), [path]);
    }
    await problemOf(join(root, "link"));
    await rm(path);
    await problemOf(path);
    assert.deepEqual(await held(), []);
  });
});
