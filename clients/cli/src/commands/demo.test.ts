import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

describe("daphnia demo", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await writeFile(join(cli.folder, "hello.md"), "TODO: say hello\n");
  });
  after(() => cli.remove());

  it("runs one turn with real tools on a folder of its own, and ends with 0", async () => {
    const environment = { DAPHNIA_HOME: "" };
    const { code, out, err } = await cli.run(["demo"], { environment });
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /scripted, not a model.*ANTHROPIC_API_KEY, OPENAI_API_KEY/);
    assert.match(out, /tool_call_finished ok · \d+ ms · .*hello\.md/);
    assert.match(out, /turn_finished +completed/);
    const commands = out.slice(out.indexOf("Now try:")).trim().split("\n").slice(1);
    assert.deepEqual(commands, [
      "  DAPHNIA_HOME=.daphnia npx daphnia ask -c 'And what did you find?'",
      "  DAPHNIA_HOME=.daphnia npx daphnia events --since beginning",
    ]);
    assert.equal(existsSync(join(cli.folder, ".daphnia", "run", "daemon.json")), false);
  });

  it("gives commands that work", async () => {
    const environment = { DAPHNIA_HOME: ".daphnia" };
    const asked = await cli.run(["ask", "-c", "And what did you find?"], { environment });
    assert.deepEqual([asked.code, /And what did you find\?/.test(asked.out)], [0, true]);
    const seen = await cli.run(["events", "--since", "beginning", "--until-caught-up"], {
      environment,
    });
    assert.match(seen.out, /And what did you find\?/);
  });

  it("uses the daemon that serves the home already", async () => {
    const { code, out } = await cli.run(["demo"], { environment: { DAPHNIA_HOME: ".daphnia" } });
    assert.deepEqual([code, out.includes("A daemon serves")], [0, false]);
    await cli.run(["daemon", "stop"], { environment: { DAPHNIA_HOME: ".daphnia" } });
    await rm(join(cli.folder, ".daphnia"), { recursive: true });
  });

  it("works while its port is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const { code } = await cli.run(["demo"], { environment: { DAPHNIA_TCP_PORT: port } });
    server.close();
    assert.equal(code, 0);
  });
});
