import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ConnectError } from "@connectrpc/connect";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { fileDoors } from "../file-doors.ts";

const messageOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "no error",
    (error: unknown) => ConnectError.from(error).rawMessage,
  );

describe("A4: a mistake", () => {
  let daemon: DaemonProcess;
  let doors: ReturnType<typeof fileDoors>;
  before(async () => {
    daemon = await startDaemonProcess();
    doors = fileDoors(daemon);
    await doors.writeAgent("reviewer", "---\ntools: [read]\n---\nReview.\n");
    await doors.daemon.reload({});
  });
  after(() => daemon.remove());

  it("in an agent's name is answered with near names", async () => {
    assert.equal(
      await messageOf(doors.agents.getAgent({ name: "reviwer" })),
      'agent "reviwer" does not exist; did you mean "reviewer"?',
    );
    assert.equal(
      await messageOf(daemon.client.sessions.createSession({ agent: "reviwer" })),
      'agent "reviwer" does not exist; did you mean "reviewer"?',
    );
  });

  it("in front matter is told with file and line, and does not hide the other agents", async () => {
    await doors.writeAgent("broken", "---\ndescription: x\nmodle: a/b\n---\nHello.\n");
    const { rejected, changed } = await doors.daemon.reload({});
    assert.deepEqual(
      rejected.map(({ file, line, problem }) => `${file}:${line}: ${problem}`),
      ['agents/broken.md:3: modle: unknown key; did you mean "mode" or "model"?'],
    );
    assert.deepEqual(changed, []);
    assert.equal(
      await messageOf(doors.agents.getAgent({ name: "broken" })),
      'agent "broken" cannot be used: agents/broken.md:3: modle: unknown key; did you mean "mode" or "model"?',
    );
    const { agents } = await doors.agents.listAgents({});
    assert.deepEqual(
      agents.map(({ name, origin }) => [name, origin]),
      [
        ["default", ""],
        ["reviewer", "agents/reviewer.md"],
      ],
    );
  });

  it("in an agent that is put over the wire names the field", async () => {
    const agent = { name: "x", instructions: "Do.", tools: ["gerp"] };
    assert.equal(
      await messageOf(doors.agents.putAgent({ agent })),
      'agent.tools: there is no tool "gerp"; did you mean grep?',
    );
    assert.equal(
      await messageOf(
        doors.agents.putAgent({ agent: { ...agent, tools: [], model: "scritped/x" } }),
      ),
      'agent.model: there is no provider "scritped"; did you mean scripted?',
    );
    assert.equal(
      await messageOf(doors.agents.putAgent({ agent: { name: "x" } })),
      "agent.instructions: must not be empty",
    );
  });

  it("in the config at the start is told with file and line, and nothing starts", async () => {
    await daemon.stop();
    await doors.writeConfig('[listen]\naddress = "0.0.0.0"\n');
    await assert.rejects(daemon.start(), (error: Error) => {
      assert.match(error.message, /ended with 1 /);
      assert.match(
        error.message,
        /daphnia: daphnia\.toml:2: listen\.address: "0\.0\.0\.0" needs TLS/,
      );
      return true;
    });
    await rm(join(daemon.home, "daphnia.toml"));
    await daemon.start();
  });

  it("in a page token or a size is named", async () => {
    const { tools } = await doors.agents.listTools({});
    assert.deepEqual(
      tools.map(({ name, readOnly }) => [name, readOnly]),
      [
        ["append", false],
        ["ask_user", true],
        ["bash", false],
        ["edit", false],
        ["fetch", true],
        ["glob", true],
        ["grep", true],
        ["plan", true],
        ["read", true],
        ["wait", true],
        ["write", false],
      ],
    );
    const pageSize = tools.length - 1;
    const { nextPageToken } = await doors.agents.listTools({ pageSize });
    const last = await doors.agents.listTools({ pageSize, pageToken: nextPageToken });
    const ends = tools.slice(-1).map(({ name }) => name);
    assert.deepEqual([last.tools.map(({ name }) => name), last.nextPageToken], [ends, ""]);
    assert.equal(
      await messageOf(doors.agents.listAgents({ pageToken: "x" })),
      "page_token: is not a token of this list",
    );
    assert.equal(
      await messageOf(doors.agents.listModels({ pageSize: 1001 })),
      "page_size: must be 1 to 1000, got 1001",
    );
  });

  it("is found by Check, with what mends it", async () => {
    const { findings } = await doors.daemon.check({ deep: true });
    const found = findings.find(({ name }) => name === "agents");
    assert.deepEqual(
      [found?.message, found?.remedy],
      [
        'agents/broken.md:3: modle: unknown key; did you mean "mode" or "model"?',
        `edit ${doors.agentFile("broken")}`,
      ],
    );
    assert.deepEqual(
      findings.map(({ name }) => name),
      [
        "node",
        "home",
        "disk",
        "clock",
        "config",
        "agents",
        "keys",
        "model",
        "port",
        "store",
        "files",
        "sandbox",
        "time",
      ],
    );
  });
});
