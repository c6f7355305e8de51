import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { settleLeftOutput } from "../../core/log/left-output.ts";
import { createBlobFiles } from "./blob-files.ts";
import { createBlobOutputs } from "./blob-outputs.ts";

const size = 200_000;

describe("createBlobOutputs", () => {
  for (const finishes of [false, true]) {
    it(`has the output of a process that was killed, ${finishes ? "" : "not "}finished`, async () => {
      await inFolder(async (folder) => {
        await printAndDie(folder, finishes);
        const { outputs } = open(folder);
        assert.equal((await outputs.readOutput("call-1", 0, 1))?.size, size);
        const left = await outputs.leftOutput("call-1");
        assert.equal(left?.size, size);
        const files = createBlobFiles(folder);
        assert.equal((await files.read(left?.digest ?? "", size - 1, 9))?.bytes[0], 97);
        await outputs.dropOutput("call-1");
        assert.deepEqual(await readdir(join(folder, "outputs")), []);
        assert.equal((await files.read(left?.digest ?? "", 0, 0))?.size, size);
      });
    });
  }

  it("has the end of a large one in words", async () => {
    await inFolder(async (folder) => {
      await printAndDie(folder, false);
      const { outputs, blobs } = open(folder);
      const left = await settleLeftOutput("call-1", { blobs: { ...blobs, ...outputs } });
      assert.equal(left?.tail, "a".repeat(4096));
    });
  });

  it("removes what a dead process left, after a while", async () => {
    await inFolder(async (folder) => {
      await printAndDie(folder, false);
      const { outputs } = open(folder);
      const mine = outputs.openOutput("call-2");
      await mine.append(Uint8Array.of(1));
      for (const id of ["call-1", "call-2"]) await utimes(join(folder, "outputs", id), 1, 1);
      assert.equal(await outputs.removeOld(2000), 1);
      assert.deepEqual(await readdir(join(folder, "outputs")), ["call-2"]);
      await mine.finish();
    });
  });
});

function open(folder: string) {
  const files = createBlobFiles(folder);
  const outputs = createBlobOutputs(join(folder, "outputs"), {
    files,
    rowBytes: 65_536,
    promise() {},
  });
  const unused = async (): Promise<never> => {
    throw new Error("not of outputs");
  };
  return { outputs, blobs: { prepare: unused, read: unused, upload: unused, sweep: unused } };
}

async function printAndDie(folder: string, finishes: boolean): Promise<void> {
  const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
    import { createBlobFiles } from ${here("./blob-files.ts")};
    import { createBlobOutputs } from ${here("./blob-outputs.ts")};
    const folder = ${JSON.stringify(folder)};
    const outputs = createBlobOutputs(folder + "/outputs", {
      files: createBlobFiles(folder), rowBytes: 65536, promise() {},
    });
    const output = outputs.openOutput("call-1");
    await output.append(new Uint8Array(${size}).fill(97));
    if (${finishes}) await output.finish();
    process.kill(process.pid, "SIGKILL");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGKILL");
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "daphnia-outputs-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
