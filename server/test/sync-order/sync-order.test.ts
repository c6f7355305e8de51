import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { startDaemonProcess } from "../daemon-process.ts";
import { readTrace, type Violation, violations } from "./trace.ts";

const script = `
chunk = 0
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "append"
    arguments = { path = "effects.txt", line = "{{prompt}}" }
  [[turn.step]]
  say = "It is written."
`;

/** Makes every sync do nothing, as if somebody had switched syncing off. */
const noSync = "int fdatasync(int fd) { return 0; }\nint fsync(int fd) { return 0; }\n";

const missing = ["strace", "gcc"].filter((tool) => spawnSync(tool, ["--version"]).error);
const skip =
  missing.length > 0 &&
  !process.env["CI"] &&
  `needs ${missing.join(" and ")}: install them with your system's packages`;

describe("the order of syncing", { skip }, () => {
  it("lets no effect and no answer to Prompt come before the sync of what it rests on", async () => {
    const { effects, answers, found } = await traced({});
    assert.ok(effects >= 3 && answers >= 3, "the trace shows effects and answers");
    assert.deepEqual(found, []);
  });

  it("is seen to be broken when syncing is off", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dph-"));
    try {
      const [source, library] = [join(folder, "no-sync.c"), join(folder, "no-sync.so")];
      await writeFile(source, noSync);
      execFileSync("gcc", ["-shared", "-fPIC", "-o", library, source]);
      const { found } = await traced({ LD_PRELOAD: library });
      assert.ok(found.length > 0, "the control must fail");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function traced(
  environment: Readonly<Record<string, string>>,
): Promise<{ effects: number; answers: number; found: readonly Violation[] }> {
  const folder = await mkdtemp(join(tmpdir(), "dph-"));
  const path = join(folder, "trace");
  const preload = Object.entries(environment).flatMap(([name, value]) => [
    "-E",
    `${name}=${value}`,
  ]);
  const calls = "trace=pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync";
  const daemon = await startDaemonProcess({
    under: ["strace", "-f", "-y", "-s", "64", "-o", path, "-e", calls, ...preload],
  });
  try {
    await daemon.script("writes", script);
    const sessionId = await createSession(daemon, "writes");
    for (const text of ["one", "two", "three"]) {
      const { turnId, cursor } = await prompt(daemon.client, sessionId, text);
      const selector = { sessions: [sessionId] };
      await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    }
    await daemon.stop();
    return violations(readTrace(await readFile(path, "utf8")));
  } finally {
    await daemon.remove();
    await rm(folder, { recursive: true, force: true });
  }
}
