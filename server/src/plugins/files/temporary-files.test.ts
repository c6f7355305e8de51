import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, utimes, watch } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createFileTools } from "./file-tools.ts";
import { createTemporarySweep, temporaryName } from "./temporary-files.ts";
import { createTemporaryPlace } from "./testing/temporary-place.ts";

const isTemporary = (name: string) => name.startsWith(".daphnia-");

/** Writes a large file over and over, and kills the writer while its temporary one is there. */
async function killWriter(root: string): Promise<void> {
  const script = `
    import { replaceFile } from ${JSON.stringify(new URL("./replace-file.ts", import.meta.url))};
    const bytes = Buffer.alloc(8 * 1024 * 1024, "x");
    for (let i = 0; ; i++) {
      const path = ${JSON.stringify(join(root, "made-"))} + i;
      await replaceFile(path, { bytes, before: undefined, mode: undefined });
    }
  `;
  const stop = new AbortController();
  const changes = watch(root, { signal: stop.signal });
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(child, "exit");
  for await (const { filename } of changes) {
    if (isTemporary(filename ?? "")) break;
  }
  child.kill("SIGKILL");
  await ended;
  stop.abort();
}

async function leftIn(root: string): Promise<string[]> {
  return (await readdir(root)).filter(isTemporary);
}

describe("temporary files", () => {
  it("go with the next write to the folder, where a kill -9 left them", async () => {
    await using place = await createTemporaryPlace();
    // Killed at once, a writer may have had the time to put its file in place: then again.
    while ((await leftIn(place.root)).length === 0) await killWriter(place.root);
    const write = createFileTools().find(({ spec }) => spec.name === "write");
    assert.ok(write);
    const said = await place.call(write, { path: "mine", content: "x" });
    assert.equal(said.isError, false);
    assert.deepEqual(await leftIn(place.root), []);
    assert.equal(await readFile(join(place.root, "mine"), "utf8"), "x");
  });

  it("stay while their writer lives, or may live elsewhere, and where they are none", async () => {
    await using place = await createTemporaryPlace();
    const own = temporaryName();
    const elsewhere = own.replace(/-[0-9a-f]{8}-/, "-00000000-");
    const old = elsewhere.replace(/[0-9a-f]{12}/, "0123456789ab");
    const others = [`x${own}`, `${own}.txt`, ".daphnia-1.tmp", ".daphnia-1-2-abc-def.tmp"];
    const gone = own.replace(/-\d+-\d+-/, `-${process.pid}-1-`);
    for (const name of [own, elsewhere, old, gone, ...others]) {
      await place.write(join("root", name), "x");
    }
    await mkdir(join(place.root, gone.replace(/[0-9a-f]{12}/, "ba9876543210")));
    const dayBefore = Date.now() / 1000 - 25 * 60 * 60;
    await utimes(join(place.root, old), dayBefore, dayBefore);
    const before = await readdir(place.root);
    await createTemporarySweep()(place.root);
    const wanted = process.platform === "linux" ? [old, gone] : [old];
    const left = await readdir(place.root);
    assert.deepEqual(before.filter((name) => !left.includes(name)).toSorted(), wanted.toSorted());
  });
});
