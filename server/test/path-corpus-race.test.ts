import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRunContext } from "../src/core/tool/testing/run-context.ts";
import type { Place, Tool } from "../src/core/tool/tool.ts";
import { createFileTools } from "../src/plugins/files/file-tools.ts";

/** How long tools and swapper run against each other, in milliseconds. */
const duration = 5000;

/** A root whose `folder` and `file.txt` are links to the outside half of the time. */
async function openRace() {
  const base = await realpath(await mkdtemp(join(tmpdir(), "daphnia-race-")));
  const root = join(base, "root");
  for (const folder of ["root/folder/sub", "outside/sub"]) {
    await mkdir(join(base, folder), { recursive: true });
    const text = folder.startsWith("outside") ? "SECRET\n" : "inside\n";
    await writeFile(join(base, folder, "file.txt"), text);
    await writeFile(join(base, folder, "../file.txt"), text);
  }
  await writeFile(join(base, "outside", "hidden-name.txt"), "SECRET\n");
  await writeFile(join(root, "file.txt"), "inside\n");
  const program = join(import.meta.dirname, "path-corpus-swapper.ts");
  const swapper = spawn(process.execPath, [program, root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(swapper.stdout, "data");
  return {
    root,
    outside: join(base, "outside"),
    isSwapping: () => swapper.exitCode === null,
    async stop() {
      const closed = once(swapper, "close");
      swapper.kill("SIGKILL");
      await closed;
    },
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  };
}

/** What became of the calls of one tool. */
interface Tally {
  /** Judged to be outside, and not run. */
  outside: number;
  refused: number;
  done: number;
}

describe("the path race", () => {
  it("leads no tool out of the root while its folders turn into links and back", async (t) => {
    await using race = await openRace();
    const { root } = race;
    const place: Place = {
      ...{ sessionId: "s", roots: [root], closed: [], cwd: root },
      ...{ envPass: [], hasNetwork: false },
    };
    const tools = createFileTools();
    const end = performance.now() + duration;
    const tallies: Record<string, Tally> = {};
    const leaks: string[] = [];
    let naive = 0;

    async function call(name: string, given: Record<string, unknown>): Promise<void> {
      tallies[name] ??= { outside: 0, refused: 0, done: 0 };
      const claimed = await toolOf(tools, name).claim(given, place);
      const isInside = claimed.claims.every(
        (claim) => "path" in claim && `${claim.path}/`.startsWith(`${root}/`),
      );
      if (!isInside) {
        tallies[name].outside++;
        return;
      }
      const { parts, isError } = await claimed.run(createRunContext());
      const text = parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
      if (/SECRET|hidden-name/.test(text)) leaks.push(`${name} ${JSON.stringify(given)}: ${text}`);
      tallies[name][isError ? "refused" : "done"]++;
    }

    async function repeat(act: (round: number) => Promise<void>): Promise<void> {
      for (let round = 0; performance.now() < end; round++) await act(round);
    }

    await Promise.all([
      repeat(async () => {
        for (const path of ["folder/file.txt", "file.txt"]) await call("read", { path });
      }),
      repeat(async (round) => {
        await call("write", { path: `folder/new-${round}.txt`, content: "mine" });
        await call("write", { path: `folder/made-${round}/sub/x.txt`, content: "mine" });
      }),
      repeat(async (round) => {
        for (const path of ["folder/file.txt", "file.txt"]) {
          await call("read", { path });
          const words = ["inside", `inside ${round % 10}`];
          await call("edit", { path, old_string: words[0], new_string: words[1] });
        }
      }),
      repeat(async () => {
        await call("grep", { pattern: "SECRET", path: "folder" });
        await call("grep", { pattern: "SECRET" });
        await call("glob", { pattern: "**/hidden*", path: "folder" });
        await call("glob", { pattern: "**/hidden*" });
      }),
      // What looks first and opens then, by name: this race is one that can be lost.
      repeat(async () => {
        const path = join(root, "file.txt");
        if ((await realpath(path)) !== path) return;
        if ((await readFile(path, "utf8")).includes("SECRET")) naive++;
      }),
    ]);
    assert.ok(race.isSwapping(), "the swapper gave up");
    await race.stop();

    assert.deepEqual(leaks, []);
    assert.deepEqual(await readdir(race.outside), ["file.txt", "hidden-name.txt", "sub"]);
    assert.equal(await readFile(join(race.outside, "file.txt"), "utf8"), "SECRET\n");
    assert.deepEqual(await readdir(join(race.outside, "sub")), ["file.txt"]);
    assert.ok(naive > 0, "nobody who looks first was led out: the swapper is too slow");
    for (const [name, tally] of Object.entries(tallies)) {
      assert.ok(
        tally.done > 0 && tally.refused + tally.outside > 0,
        JSON.stringify({ name, tally }),
      );
    }
    t.diagnostic(JSON.stringify({ naive, ...tallies }));
  });
});

function toolOf(tools: readonly Tool[], name: string): Tool {
  const tool = tools.find(({ spec }) => spec.name === name);
  if (tool === undefined) throw new Error(`there is no ${name}`);
  return tool;
}
