import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { componentOf, stateOf, untilTold } from "../component-process.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const older = join(import.meta.dirname, "..", "components", "older.ts");
const marker = `8${process.pid}`;

/** A chain as installers make it: a shell that leaves a child behind, then the server. */
const wrapper = `sleep ${marker} & exec "${process.execPath}" "${older}" stdio`;

const config = (more = "") => `
[components.near]
trust = true
command = ["/bin/sh", "-c", ${JSON.stringify(wrapper)}]
${more}
`;

/** Processes whose command line names the marker. */
function strays(): number[] {
  return readdirSync("/proc").flatMap((id) => {
    if (!/^\d+$/.test(id)) return [];
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
      return words[0] === "sleep" && words[1] === marker ? [Number(id)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

const isLinux = process.platform === "linux";

describe("programs that the daemon starts as components", {
  skip: !isLinux && "reads /proc",
}, () => {
  let daemon: DaemonProcess | undefined;
  after(() => daemon?.remove());

  it("end with the daemon, with all that they have started; after a crash with the next start", async () => {
    daemon = await startDaemonProcess({ config: config() });
    await untilTold(daemon, "componentUp", "near");
    assert.equal(strays().length, 1);
    const { pid } = await componentOf(daemon, "near");
    await daemon.kill();
    // Its input is closed, so it may end by itself; what it has started does not.
    assert.equal(strays().length, 1);
    await daemon.start();
    const again = await componentOf(daemon, "near");
    assert.notEqual(again.pid, pid);
    await daemon.stop();
    assert.deepEqual(strays(), []);
    assert.equal(existsSync(`/proc/${again.pid}`), false);
    assert.deepEqual(
      readdirSync(join(daemon.home, "run")).filter((file) => file.endsWith(".process")),
      [],
    );
    await daemon.remove();
  });

  it("rest when nobody uses them, and are started by the next call", async () => {
    const idle = '[limits]\ncomponent_idle_stop = "150ms"\ncomponent_ping = "100ms"\n';
    daemon = await startDaemonProcess({ config: config(idle) });
    const { pid } = await upNow(daemon);
    while ((await stateOf(daemon, "near")) !== "IDLE") await daemon.client.daemon.getInfo({});
    while (existsSync(`/proc/${pid}`)) await daemon.client.daemon.getInfo({});
    const answer = await daemon.client.components.callTool({ component: "near", tool: "pid" });
    assert.equal(answer.status, ToolCallStatus.OK);
    assert.notEqual(answer.parts[0]?.kind.value, String(pid));
    await daemon.stop();
    await daemon.remove();
  });

  it("are started anew when they die, and follow the config without a restart", async () => {
    daemon = await startDaemonProcess({
      config: config('[limits]\ncomponent_retry_pause = "20ms"\n'),
    });
    const { pid } = await upNow(daemon);
    const { cursor } = await daemon.client.components.listComponents({});
    process.kill(pid, "SIGKILL");
    await untilTold(daemon, "componentUp", "near", cursor);
    const second = await componentOf(daemon, "near");
    assert.notEqual(second.pid, pid);
    await writeFile(join(daemon.home, "daphnia.toml"), "");
    await daemon.client.daemon.reload({});
    await untilTold(daemon, "componentRemoved", "near", cursor);
    assert.deepEqual((await daemon.client.components.listComponents({})).components, []);
    while (strays().length > 0) await daemon.client.daemon.getInfo({});
    await daemon.stop();
    await daemon.remove();
  });

  it("say what is wrong with a command that cannot be started", async () => {
    daemon = await startDaemonProcess({
      config: '[components.none]\ncommand = ["/no/such/program"]\n',
    });
    const down = await untilTold(daemon, "componentDown", "none");
    assert.ok(down.body.case === "componentDown");
    assert.match(down.body.value.reason, /its process ended|closed/i);
    await daemon.remove();
  });
});

async function upNow(daemon: DaemonProcess) {
  await untilTold(daemon, "componentUp", "near");
  return componentOf(daemon, "near");
}
