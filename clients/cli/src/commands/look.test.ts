import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

describe("daphnia agents, models, doctor and reload", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
  });
  after(() => cli.remove());

  it("finds that no daemon runs, and says what mends it", async () => {
    const { code, out } = await cli.run(["doctor"]);
    assert.deepEqual([code, /✗ daemon +no daemon serves .*\n.*daemon start/.test(out)], [1, true]);
  });

  it("finds what is wrong with a home that nobody serves", async () => {
    const config = join(cli.home, "daphnia.toml");
    await writeFile(config, "[limits]\nheartbaet = '1s'\n");
    await mkdir(join(cli.home, "agents"), { mode: 0o700 });
    await writeFile(join(cli.home, "agents/poet.md"), "---\ntools: [raed]\n---\nRhyme.\n");
    const { code, out } = await cli.run(["doctor"]);
    assert.equal(code, 1);
    assert.match(out, /^✗ daemon +no daemon serves /);
    assert.match(out, /^✗ config +daphnia\.toml:2: .*heartbeat/m);
    assert.match(out, /^[✗!] agents +.*poet\.md.*raed/m);
    await rm(config);
    await rm(join(cli.home, "agents"), { recursive: true });
  });

  it("passes on what the daemon found of itself", async () => {
    await cli.run(["daemon", "start"], { environment: { OPENAI_API_KEY: "sk-test" } });
    const { code, out } = await cli.run(["doctor"]);
    assert.equal(code, 0, out);
    assert.match(out, /^✓ daemon +pid \d+.*\n✓ node /);
    const { findings } = JSON.parse((await cli.run(["doctor", "--json"])).out);
    assert.ok(findings.some(({ name }: { name: string }) => name === "store"));
  });

  it("lists agents, and shows one", async () => {
    assert.match((await cli.run(["agents"])).out, /^AGENT .*\ndefault +the default +\* +built in/);
    assert.match((await cli.run(["agents", "default"])).out, /^agent +default\n/);
    const { code, err } = await cli.run(["agents", "defalt"]);
    assert.deepEqual([code, /did you mean "default"/.test(err)], [1, true]);
  });

  it("says who serves models, and which key is missing", async () => {
    const { out, err } = await cli.run(["models"]);
    assert.match(out, /\nanthropic +set ANTHROPIC_API_KEY/);
    assert.match(out, /\nopenai +set +/);
    assert.match(err, /the default model: openai\//);
    assert.match((await cli.run(["models", "scripted"])).out, /^scripted\/demo\n/);
  });

  it("reloads, and names the line of a mistake", async () => {
    const { code, err } = await cli.run(["daemon", "reload"]);
    assert.deepEqual([code, err], [0, "nothing changed\n"]);
    await writeFile(join(cli.home, "daphnia.toml"), "[limits]\nheartbaet = '1s'\n");
    const broken = await cli.run(["daemon", "reload"]);
    assert.deepEqual([broken.code, /daphnia\.toml:2: .*heartbeat/.test(broken.err)], [1, true]);
  });
});
