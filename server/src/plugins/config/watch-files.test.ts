import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type FileWatch, watchFiles } from "./watch-files.ts";

describe("watching files", () => {
  let root: string;
  let watch: FileWatch;
  let next: PromiseWithResolvers<void>;
  const file = () => join(root, "daphnia.toml");
  const folder = () => join(root, "agents");
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "daphnia-watch-"));
    await mkdir(folder());
    next = Promise.withResolvers();
    watch = watchFiles({ file: file(), folder: folder() }, () => next.resolve());
  });
  afterEach(async () => {
    watch.close();
    await rm(root, { recursive: true, force: true });
  });

  async function told(change: () => Promise<void>): Promise<void> {
    next = Promise.withResolvers();
    await change();
    // Nothing keeps the process alive for a watch; the test does.
    const alive = setInterval(() => {}, 1000);
    await next.promise;
    clearInterval(alive);
  }

  it("tells what is new, changed, replaced or gone in the folder", async () => {
    const path = join(folder(), "a.md");
    await told(() => writeFile(path, "one"));
    await told(() => writeFile(path, "two"));
    await told(async () => {
      await writeFile(join(root, "swap"), "three");
      await rename(join(root, "swap"), path);
    });
    await told(() => rm(path));
  });

  it("tells a file that is new, changed or gone", async () => {
    await told(() => writeFile(file(), "one"));
    await told(() => writeFile(file(), "two!"));
    await told(() => rm(file()));
  });

  it("goes on when the folder is another one", async () => {
    await told(async () => {
      await rm(folder(), { recursive: true });
      await mkdir(folder());
    });
    assert.equal(watch.problem(), undefined);
    await told(() => writeFile(join(folder(), "a.md"), "one"));
  });

  it("says that it does not watch what is not there", () => {
    const lost = watchFiles({ file: file(), folder: join(root, "none") }, () => {});
    assert.match(lost.problem() ?? "", /none is not watched: ENOENT/);
    lost.close();
  });
});
