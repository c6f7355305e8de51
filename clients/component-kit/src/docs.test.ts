import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ComponentProcess, createComponentProcess } from "./testing/component-process.ts";

const repository = resolve(import.meta.dirname, "../../..");
const page = readFileSync(join(repository, "docs/components.md"), "utf8");

/** The only block of a language on the page. */
function blockOf(language: string): string {
  const blocks = page.split(`\`\`\`${language}\n`).slice(1);
  assert.equal(blocks.length, 1, `one block of ${language}`);
  return blocks[0]?.split("```")[0] ?? "";
}

describe("docs/components.md", () => {
  let folder: string;
  let component: ComponentProcess;
  beforeEach(() => {
    component = createComponentProcess("hello", "daphnia-hello");
    folder = resolve(component.home, "..");
  });
  afterEach(() => component.remove());

  it("has a component in ten lines, and commands that run it", async () => {
    const program = join(folder, "daphnia-hello");
    writeFileSync(program, blockOf("js"));
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules")); // stands for npm install
    assert.equal(blockOf("js").trimEnd().split("\n").length, 10);
    const said: string[] = [];
    for (const command of blockOf("bash").trimEnd().split("\n")) {
      const { code, out } = await run(command);
      assert.equal(code, 0, `${command}\n${out}`);
      said.push(out);
      if (command === "daphnia hello start") {
        const client = await component.connect();
        const { content } = await client.callTool({ name: "greet", arguments: { name: "Ada" } });
        assert.deepEqual(content, [{ type: "text", text: "Hello, Ada!" }]);
      }
    }
    const [, started, status, logs, stopped] = said;
    assert.match(started ?? "", /^hello runs: pid \d+, port \d+/);
    assert.match(status ?? "", /^hello: running\n/);
    assert.match(logs ?? "", / info {2}serves port=\d+ tools=\["greet"\]\n$/);
    assert.match(stopped ?? "", /^hello stopped\n/);
    assert.equal(existsSync(component.portFile), false);
  });

  async function run(command: string): Promise<{ code: number; out: string }> {
    const PATH = [folder, join(repository, "node_modules/.bin"), process.env["PATH"]].join(":");
    const env = { PATH, HOME: folder, DAPHNIA_HOME: component.home };
    const child = spawn("bash", ["-c", command], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", 2],
    });
    let out = "";
    child.stdout?.on("data", (chunk) => {
      out += chunk;
    });
    const [code] = await once(child, "close");
    return { code, out };
  }
});
