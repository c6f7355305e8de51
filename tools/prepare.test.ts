import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

const repository = join(import.meta.dirname, "..");
const page = '<!doctype html><title>A page</title><script type="module" src="/main.js"></script>';

describe("what is done after an install", () => {
  let root: string;
  const dashboard = () => join(root, "clients/dashboard");

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "dph-"));
    await mkdir(join(root, "tools"));
    for (const name of ["prepare.js", "build-dashboard.ts"]) {
      await cp(join(import.meta.dirname, name), join(root, "tools", name));
    }
    await writeFile(join(root, "package.json"), '{"type":"module"}');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function sources(config: string): Promise<void> {
    await mkdir(dashboard(), { recursive: true });
    await writeFile(join(dashboard(), "package.json"), '{"type":"module"}');
    await writeFile(join(dashboard(), "vite.config.ts"), config);
    await writeFile(join(dashboard(), "index.html"), page);
    const script = `document.title = ${JSON.stringify("x".repeat(5000))};`;
    await writeFile(join(dashboard(), "main.js"), script);
  }

  function prepare(): { readonly status: number | null; readonly said: string } {
    const { status, stderr } = spawnSync(process.execPath, ["tools/prepare.js"], {
      cwd: root,
      encoding: "utf8",
    });
    return { status, said: stderr };
  }

  it("builds the dashboard, with packed twins of what is large", async () => {
    await sources("export default {};");
    await symlink(join(repository, "node_modules"), join(root, "node_modules"));
    await mkdir(join(dashboard(), "dist"));
    await writeFile(join(dashboard(), "dist", "old.txt"), "of the build before");
    assert.deepEqual(prepare(), { status: 0, said: "" });
    const dist = join(dashboard(), "dist");
    assert.deepEqual((await readdir(dist)).sort(), ["assets", "index.html"]);
    const files = (await readdir(join(dist, "assets"))).sort();
    const [script = "", br = "", gz = ""] = files;
    assert.match(files.join(" "), /^(index-[\w-]{8}\.js) \1\.br \1\.gz$/);
    const content = await readFile(join(dist, "assets", script));
    assert.deepEqual(brotliDecompressSync(await readFile(join(dist, "assets", br))), content);
    assert.deepEqual(gunzipSync(await readFile(join(dist, "assets", gz))), content);
    assert.ok((await readdir(dashboard())).every((name) => name !== "dist-new"));
  });

  it("fails no install: not without a dashboard, not without what builds it", async () => {
    assert.deepEqual(prepare(), {
      status: 0,
      said: "The dashboard is not built: clients/dashboard is not there.\n",
    });
    await sources("export default {};");
    const { status, said } = prepare();
    assert.deepEqual([status, /vite is not installed.*npm ci/.test(said)], [0, true], said);
  });

  it("keeps the build before, and fails no install, where a build fails", async () => {
    await sources('throw new Error("a broken config");');
    await symlink(join(repository, "node_modules"), join(root, "node_modules"));
    await mkdir(join(dashboard(), "dist"));
    await writeFile(join(dashboard(), "dist", "index.html"), "the build before");
    const { status, said } = prepare();
    assert.equal(status, 0);
    assert.match(said, /a broken config/);
    assert.match(said, /its build failed, see above\. Run `npm run build`/);
    const kept = await readFile(join(dashboard(), "dist", "index.html"), "utf8");
    assert.equal(kept, "the build before");
  });
});
