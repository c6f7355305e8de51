import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

const root = resolve(import.meta.dirname, "../..");

/** Commands that another test runs, or CI itself. */
const elsewhere = new Map([
  ["npm ci && npm start", "clients/cli/src/commands/demo.test.ts"],
  ["npm cit", ".ci/run"],
  [
    "npm install @bufbuild/buf @bufbuild/protoc-gen-es @bufbuild/protobuf @connectrpc/connect @connectrpc/connect-node",
    "server/test/scenarios/k-strangers.test.ts",
  ],
  ["npx buf generate", "server/test/scenarios/k-strangers.test.ts"],
]);

/** Commands that go on until they are ended; what they print first is enough. */
const endless = /daphnia events(?! .*--until-caught-up)|logs -f/;

/** Every line of every `sh` block, continued lines put together, comments left out. */
async function commandsShown(): Promise<{ file: string; command: string }[]> {
  const docs = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md"));
  const files = ["README.md", ...docs.map((name) => join("docs", name))];
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), "utf8");
      const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
      const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, " ").split("\n"));
      return lines
        .map((line) => line.replace(/\s+#.*$/, "").trim())
        .filter((command) => command !== "")
        .map((command) => ({ file, command }));
    }),
  );
  return found.flat();
}

describe("the commands that README and docs show", () => {
  let home: string;
  let environment: NodeJS.ProcessEnv;

  /** Runs a command in a home of its own, answered by a script. */
  async function run(command: string): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn("bash", ["-c", command], { cwd: home, env: environment, detached: true });
    let [out, err] = ["", ""];
    const ended = once(child, "close");
    child.stdin.end();
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (endless.test(command) && child.pid !== undefined) process.kill(-child.pid, "SIGINT");
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    const [code] = await ended;
    return { code, out, err };
  }

  /** Sees to it that something happens for those who watch. */
  async function busyUntil(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    void done.then(() => {
      isDone = true;
    });
    while (!isDone) await run("mkdir -p work && cd work && daphnia ask hello");
  }

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "dph-"));
    await writeFile(join(home, "note.txt"), "a note\n");
    environment = {
      PATH: [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
      HOME: home,
      DAPHNIA_HOME: join(home, ".daphnia"),
      DAPHNIA_MODEL: "scripted/demo",
      DAPHNIA_TCP_PORT: "0", // a free one: the dashboard needs it
      npm_config_offline: "true",
    };
    // The first command of the README would stand in a folder, not in a bare home.
    const started = await run("daphnia daemon start");
    assert.equal(started.code, 0, started.err);
  });
  after(async () => {
    await run("daphnia daemon stop");
    await rm(home, { recursive: true, force: true });
  });

  it("are run, each, and do what they say", async (t) => {
    const shown = await commandsShown();
    assert.ok(shown.length > 5, "the docs show commands");
    for (const { file, command } of shown) {
      const other = elsewhere.get(command);
      if (other !== undefined) {
        await readFile(join(root, other), "utf8"); // the test that runs it exists
        continue;
      }
      await t.test(`${file}: ${command}`, async () => {
        const here = command.includes("daphnia ask")
          ? `mkdir -p work && cd work && ${command}`
          : command;
        // The repository's own bin, as npx finds it there.
        const running = run(here.replaceAll("npx daphnia", "daphnia"));
        if (endless.test(command)) await busyUntil(running);
        const { code, out, err } = await running;
        const isFine = endless.test(command) ? out !== "" : code === 0 || /doctor/.test(command);
        assert.ok(isFine && out !== "", `exit ${code}\n${out}\n${err}`);
      });
    }
  });
});
