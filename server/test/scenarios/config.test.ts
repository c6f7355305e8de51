import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { getOption } from "@bufbuild/protobuf";
import { LimitsSchema, rule } from "@daphnia/protocol/config";
import { effectiveConfig } from "../../src/plugins/config/effective-config.ts";
import { readConfig } from "../../src/plugins/config/read-config.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { fileDoors } from "../file-doors.ts";

/** Each limit at its largest value, as a file writes it. */
const largest = LimitsSchema.fields.map((field) => {
  const { most } = getOption(field, rule);
  return [field.name, /^\d+$/.test(most) ? most : `"${most}"`] as const;
});
const everyLimit = ["[limits]", ...largest.map(([name, value]) => `${name} = ${value}`)].join("\n");

describe("the config", () => {
  let daemon: DaemonProcess;
  let doors: ReturnType<typeof fileDoors>;
  before(async () => {
    daemon = await startDaemonProcess({
      environment: { ANTHROPIC_API_KEY: "", PROBE_KEY: "sk-probe", DAPHNIA_LOG_LEVEL: "warn" },
    });
    doors = fileDoors(daemon);
  });
  after(() => daemon.remove());

  const settingsOf = async () => {
    const { settings } = await doors.daemon.getConfig({});
    return new Map(settings.map((setting) => [setting.key, setting]));
  };

  it("sets every limit that GetInfo tells", async () => {
    const defaults = (await doors.daemon.getInfo({})).limits;
    await daemon.stop();
    await doors.writeConfig(everyLimit);
    await daemon.start();
    const { limits } = await doors.daemon.getInfo({});
    const { statements } = readConfig(everyLimit, "daphnia.toml", {});
    const expected = effectiveConfig(statements, "daphnia.toml", {}).config.limits;
    assert.deepEqual(limits, expected);
    const settings = await settingsOf();
    for (const [i, [name, value]] of largest.entries()) {
      assert.deepEqual(
        [settings.get(`limits.${name}`)?.value, settings.get(`limits.${name}`)?.origin],
        [value, `daphnia.toml:${i + 2}`],
      );
    }
    for (const { localName } of LimitsSchema.fields) {
      assert.notDeepEqual(
        Reflect.get(limits ?? {}, localName),
        Reflect.get(defaults ?? {}, localName),
      );
    }
  });

  it("changes while the daemon runs, but for what needs a restart", async () => {
    await daemon.stop();
    await doors.writeConfig("");
    await daemon.start();
    const before = await doors.cursor();
    await doors.writeConfig('[limits]\nheartbeat = "3s"\nmax_watches = 7\n');
    const isTold = (told: string) => told === "config limits.max_watches changed daphnia.toml";
    assert.deepEqual(await doors.toldUntil(before, isTold), [
      "config limits.heartbeat changed daphnia.toml",
      "config limits.max_watches changed daphnia.toml",
    ]);
    const { needsRestart } = await doors.daemon.reload({});
    assert.deepEqual(needsRestart, ["limits.max_watches"]);
    const { limits } = await doors.daemon.getInfo({});
    assert.deepEqual([limits?.heartbeat?.seconds, limits?.maxWatches], [3n, 4096]);
    const setting = (await settingsOf()).get("limits.max_watches");
    assert.deepEqual(
      [setting?.value, setting?.nextValue, setting?.origin, setting?.needsRestart],
      ["4096", "7", "default", true],
    );
  });

  it("keeps the last good version of a broken file, told once", async () => {
    const before = await doors.cursor();
    await doors.writeConfig('[limits]\nheartbeat = "3 years"\n');
    const told =
      'rejected daphnia.toml:2: limits.heartbeat: must be a duration, "50ms" to "10m", got "3 years"';
    await doors.toldUntil(before, (line) => line === told);
    await doors.daemon.reload({});
    assert.deepEqual(await doors.told(before), [told]);
    assert.equal((await doors.daemon.getInfo({})).limits?.heartbeat?.seconds, 3n);
  });

  it("gives a provider its key at once, and shows it to nobody", async () => {
    const configured = async () => {
      const { providers, defaultModel } = await doors.agents.listModels({});
      const anthropic = providers.find(({ name }) => name === "anthropic");
      return [anthropic?.configured, anthropic?.keyVariables, defaultModel.split("/")[0]];
    };
    assert.deepEqual(await configured(), [false, ["ANTHROPIC_API_KEY"], ""]);
    const before = await doors.cursor();
    await doors.writeConfig(`[providers.anthropic]\napi_key = "$\{PROBE_KEY}"\n`);
    await doors.toldUntil(before, (told) => told.startsWith("config providers.anthropic.api_key"));
    await doors.daemon.reload({});
    assert.deepEqual(await configured(), [true, ["ANTHROPIC_API_KEY"], "anthropic"]);
    const setting = (await settingsOf()).get("providers.anthropic.api_key");
    assert.deepEqual([setting?.value, setting?.origin], ['"***"', "daphnia.toml:2"]);
  });

  it("goes behind the environment", async () => {
    await doors.writeConfig('[log]\nlevel = "error"\n');
    await doors.daemon.reload({});
    const setting = (await settingsOf()).get("log.level");
    assert.deepEqual([setting?.value, setting?.origin], ['"warn"', "DAPHNIA_LOG_LEVEL"]);
    const tcp = (await settingsOf()).get("listen.tcp");
    assert.deepEqual([tcp?.value, tcp?.origin], ["false", "DAPHNIA_TCP_PORT"]);
  });

  it("is read anew at SIGHUP", async () => {
    const before = await doors.cursor();
    await doors.writeConfig("");
    process.kill(daemon.pid(), "SIGHUP");
    const told = await doors.toldUntil(before, (line) => line.startsWith("config log.level"));
    assert.deepEqual(told, ["config log.level gone daphnia.toml"]);
  });

  it("tells the end of the daemon's log, and goes on as it is written", async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const stream = doors.daemon.tailLog({ lines: 1, follow: true }, { signal: stop.signal });
    try {
      for await (const batch of stream) {
        if (lines.length === 0) await doors.writeAgent("odd", "---\nodd: 1\n---\nx\n");
        lines.push(...batch.lines);
        if (batch.lines.some((line) => line.includes("agents/odd.md:2"))) stop.abort();
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
    const { level, file, line }: Record<string, unknown> = JSON.parse(lines.at(-1) ?? "{}");
    assert.deepEqual([level, file, line], [40, "agents/odd.md", 2]);
  });
});
