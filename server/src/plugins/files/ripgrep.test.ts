import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { describe, it } from "node:test";
import { createGrepTool } from "./grep-tool.ts";
import { type Pin, pinPath } from "./pin-path.ts";
import { createRipgrep } from "./ripgrep.ts";
import { createTemporaryPlace, type TemporaryPlace } from "./testing/temporary-place.ts";

/** Stands for a ripgrep that never ends: says its process and its child's, then hangs. */
const hanging = "#!/bin/sh\n/bin/sleep 1000 &\nprintf '%s\\n' $$ $!\nwait\n";

async function programOf(temporary: TemporaryPlace, script: string): Promise<string> {
  const program = await temporary.write("program", script);
  await chmod(program, 0o755);
  return program;
}

async function pinOf(path: string): Promise<Pin> {
  const pinned = await pinPath(path);
  assert.ok(!("problem" in pinned));
  return pinned;
}

/** Waits for the end of a process; the test's own deadline is the limit. */
async function gone(id: string): Promise<void> {
  while (isAlive(Number(id))) await new Promise(setImmediate);
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    // An orphan that was killed stays a zombie until init looks after it.
    if (process.platform === "linux")
      return !/\) [ZX] /.test(readFileSync(`/proc/${id}/stat`, "utf8"));
    return true;
  } catch {
    return false;
  }
}

describe("createRipgrep", () => {
  it("kills the whole group on cancel and rejects with the reason (R1, R3)", async () => {
    await using temporary = await createTemporaryPlace();
    const program = await programOf(temporary, hanging);
    await using pin = await pinOf(temporary.root);
    const cancel = new AbortController();
    const seen: string[] = [];
    const take = (record: string) => {
      if (seen.push(record) === 2) cancel.abort("enough");
      return true;
    };
    const search = { words: [], pins: [pin], separator: 10, take };
    const run = createRipgrep({ program }).run(search, cancel.signal);
    await assert.rejects(run, (reason) => reason === "enough");
    assert.equal(seen.length, 2);
    await Promise.all(seen.map(gone));
  });

  it("kills the group when it has enough or when time is up (R1)", async () => {
    await using temporary = await createTemporaryPlace();
    const program = await programOf(temporary, hanging);
    await using pin = await pinOf(temporary.root);
    const { signal } = new AbortController();
    const seen: string[] = [];
    const enough = { words: [], pins: [pin], separator: 10, take: (r: string) => seen.push(r) < 2 };
    const first = await createRipgrep({ program }).run(enough, signal);
    assert.deepEqual(first, { complaint: "", hasErrors: false, timedOut: false });
    const endless = {
      words: [],
      pins: [pin],
      separator: 10,
      take: (r: string) => seen.push(r) > 0,
    };
    const second = await createRipgrep({ program, timeout: 300 }).run(endless, signal);
    assert.equal(second.timedOut, true);
    await Promise.all(seen.map(gone));
  });

  it("inherits no environment and runs in the folder or with the file at hand (R2)", async () => {
    await using temporary = await createTemporaryPlace();
    process.env["RIPGREP_CONFIG_PATH"] = "/dev/null";
    const script = '#!/bin/sh\n/usr/bin/env\npwd -P\nfor last; do :; done\n/bin/cat "$last"\n';
    const program = await programOf(temporary, script);
    const file = await temporary.write("root/file", "inside\n");
    const seen: string[] = [];
    const take = (record: string) => seen.push(record) > 0;
    for (const path of [temporary.root, file]) {
      await using pin = await pinOf(path);
      const search = { words: [], pins: [pin], separator: 10, take };
      await createRipgrep({ program }).run(search, new AbortController().signal);
    }
    delete process.env["RIPGREP_CONFIG_PATH"];
    assert.equal(
      seen.some((line) => line.startsWith("RIPGREP") || line.startsWith("HOME")),
      false,
    );
    assert.ok(seen.includes(temporary.root));
    assert.equal(seen.at(-1), "inside");
  });

  it("says that it could not start, and starts nothing when canceled before", async () => {
    await using temporary = await createTemporaryPlace();
    const ripgrep = createRipgrep({ program: `${temporary.outside}/missing` });
    const tool = createGrepTool({ ripgrep });
    const { isError, text } = await temporary.call(tool, { pattern: "x" });
    assert.equal(isError, true);
    assert.match(text, /^ripgrep could not start, .*: .*ENOENT/);
    const canceled = temporary.call(tool, { pattern: "x" }, AbortSignal.abort("stop"));
    await assert.rejects(canceled, (reason) => reason === "stop");
  });
});
