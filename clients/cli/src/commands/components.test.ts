import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../testing/cli-process.ts";

const memory = createRequire(import.meta.url).resolve(
  "@modelcontextprotocol/server-memory/dist/index.js",
);

const config = `
[components.memory]
command = ${JSON.stringify([process.execPath, memory])}
`;

const request = `
[[turn]]
[[turn.step]]
[[turn.step.call]]
tool = "memory__request_access"
arguments = {}
[[turn.step]]
say = "done"
`;

describe("daphnia ps and component", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await writeFile(join(cli.home, "daphnia.toml"), config);
    await cli.script("request", request);
    await cli.run(["daemon", "start"]);
  });
  after(() => cli.remove());

  it("lists what there is, and shows one whole", async () => {
    const { out } = await cli.run(["ps"]);
    assert.match(out, /^COMPONENT +STATE +PID +UP +MEMORY +TOOLS +AGENTS/);
    assert.match(out, /^memory +up +\d+ .* 11 \(not trusted\) +default/m);
    const shown = await cli.run(["component", "show", "memory"]);
    assert.match(shown.out, /^trusted +no: the first agent that needs it asks$/m);
    assert.match(shown.out, /^memory__create_entities$/m);
    const { components } = JSON.parse((await cli.run(["ps", "--json"])).out);
    assert.equal(components[0].tools.length, 11);
  });

  it("calls a tool by hand, and says what is wrong with a name or arguments", async () => {
    const made = await cli.run(["component", "call", "memory", "read_graph"]);
    assert.equal(made.code, 0);
    assert.match(made.out, /"entities"/);
    const wrong = await cli.run(["component", "call", "memory", "read_grap"]);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.err, /did you mean "read_graph"/);
    const nobody = await cli.run(["component", "show", "memry"]);
    assert.match(nobody.err, /did you mean "memory"/);
    const text = await cli.run(["component", "call", "memory", "read_graph", "[]"]);
    assert.match(text.err, /arguments: must be a JSON object/);
  });

  it("reconnects, and keeps what the config names", async () => {
    const before = JSON.parse((await cli.run(["component", "show", "memory", "--json"])).out).pid;
    const { code, err } = await cli.run(["component", "reconnect", "memory"]);
    assert.deepEqual([code, err], [0, "memory is up\n"]);
    const after = JSON.parse((await cli.run(["component", "show", "memory", "--json"])).out).pid;
    assert.notEqual(before, after);
    const removed = await cli.run(["component", "remove", "memory"]);
    assert.match(removed.err, /is named by daphnia.toml/);
  });

  it("adds one at an address, and forgets it", async () => {
    const url = "http://127.0.0.1:9/mcp";
    assert.equal((await cli.run(["component", "add", "far", url])).code, 0);
    assert.match((await cli.run(["ps"])).out, /^far +(connecting|down)/m);
    assert.equal((await cli.run(["component", "remove", "far"])).code, 0);
    assert.doesNotMatch((await cli.run(["ps"])).out, /^far/m);
    const bad = await cli.run(["component", "add", "far", "http://example.com/mcp"]);
    assert.match(bad.err, /url: must be http on loopback, or https/);
    const reserved = await cli.run(["component", "add", "daemon", url]);
    assert.match(reserved.err, /name: must be .* and not daemon/);
  });

  it("shows all tools to whoever is to trust them", async () => {
    const asking = cli.start(["ask", "--model", "scripted/request", "go"]);
    await asking.said("it waits for an answer: ");
    const { out } = await cli.run(["approvals"]);
    assert.match(out, /trust in memory/);
    const [, id = ""] = /^(\S+) +\d+ s .*memory__request_access/m.exec(out) ?? [];
    const shown = await cli.run(["approvals", "answer", id, "--always"]);
    assert.equal(shown.code, 0);
    await asking.ended;
    assert.match((await cli.run(["ps"])).out, /^memory +up .* 11 +default/m);
  });
});
