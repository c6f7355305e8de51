import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { launchdAgent, type Service, systemdUnit } from "./service-unit.ts";

const run = promisify(execFile);
/** Whether a test may go without a program that this machine lacks: in CI it fails. */
const mayMiss = (program: string) =>
  !process.env["CI"] && spawnSync(program, ["--version"], { stdio: "ignore" }).status !== 0;

const service: Service = {
  component: "hello",
  description: "Greets\npeople, 100%.",
  command: [process.execPath, '/opt/a "b" 50%/$HOME/main.js', "run", "--quiet"],
  home: "/home/ada lovelace/.daphnia",
  log: "/home/ada lovelace/.daphnia/logs/hello.log",
};

describe("the systemd unit of a component", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "dpk-unit-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("restarts what crashes, ends the whole group, and quotes every path", () => {
    const lines = systemdUnit(service).split("\n");
    for (const line of [
      "Description=Daphnia component hello: Greets people, 100%%.",
      "Type=exec",
      `ExecStart="${process.execPath}" "/opt/a \\"b\\" 50%%/$$HOME/main.js" "run" "--quiet"`,
      'Environment="DAPHNIA_HOME=/home/ada lovelace/.daphnia"',
      "StandardError=append:/home/ada lovelace/.daphnia/logs/hello.log",
      "Restart=on-failure",
      "RestartPreventExitStatus=4",
      "KillMode=mixed",
      "WantedBy=default.target",
    ]) {
      assert.ok(lines.includes(line), `no line ${line} in\n${lines.join("\n")}`);
    }
  });

  it("is taken by systemd without a word", async (t) => {
    if (mayMiss("systemd-analyze")) return t.skip("needs systemd-analyze: install systemd");
    const file = join(folder, "daphnia-hello.service");
    await writeFile(file, systemdUnit(service));
    const { stdout, stderr } = await run("systemd-analyze", ["verify", "--man=no", file]);
    assert.deepEqual([stdout, stderr], ["", ""]);
    // The same tool finds fault where there is some.
    await writeFile(file, systemdUnit(service).replace("KillMode=mixed", "KillMode=gently"));
    const wrong = await run("systemd-analyze", ["verify", "--man=no", file]).catch(
      (error) => error,
    );
    assert.match(String(wrong.stderr), /gently/);
  });
});

describe("the launchd agent of a component", () => {
  it("reads as it was meant", async (t) => {
    if (mayMiss("python3")) return t.skip("needs python3, which reads it as macOS does");
    const text = launchdAgent("dev.daphnia.hello", { ...service, home: "/Users/a&b/<home>" });
    const program =
      "import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.argv[1].encode())))";
    const { stdout } = await run("python3", ["-c", program, text]);
    assert.deepEqual(JSON.parse(stdout), {
      Label: "dev.daphnia.hello",
      ProgramArguments: service.command,
      EnvironmentVariables: { DAPHNIA_HOME: "/Users/a&b/<home>" },
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      Umask: 0o077,
      ExitTimeOut: 15,
      StandardErrorPath: service.log,
    });
  });
});
