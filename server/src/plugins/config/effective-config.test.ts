import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LogLevel } from "@daphnia/protocol/config";
import { configKeys, nameKey } from "./config-key.ts";
import { readStatement, ruleOf } from "./config-value.ts";
import { effectiveConfig } from "./effective-config.ts";
import { readConfig } from "./read-config.ts";

function effective(text: string, environment: Record<string, string> = {}) {
  const { statements } = readConfig(text, "daphnia.toml", environment);
  return effectiveConfig(statements, "daphnia.toml", environment);
}

const originOf = (result: ReturnType<typeof effective>, key: string) =>
  result.values.find((value) => value.key === key)?.origin;

describe("the effective config", () => {
  it("has a value for every key of the schema", () => {
    const { config, values } = effective("");
    assert.deepEqual(
      values.map(({ key }) => key),
      configKeys.map(({ path }) => nameKey(path)).sort(),
    );
    assert.ok(values.every(({ origin }) => origin === "default"));
    assert.deepEqual(
      [config.listen?.tcp, config.listen?.port, config.log?.level, config.model?.default],
      [true, 4747, LogLevel.INFO, ""],
    );
  });

  it("has defaults and bounds that are values of their keys", () => {
    for (const { path, field } of configKeys) {
      const { default: standard, least, most } = ruleOf(field);
      for (const text of [standard, least, most].filter((bound) => bound !== "")) {
        assert.notEqual(typeof readStatement(field, text), "string", `${nameKey(path)} ${text}`);
      }
    }
  });

  it("lays the file over the defaults, and the environment over both", () => {
    const text = '[model]\ndefault = "a/b"\n[log]\nlevel = "warn"\n[listen]\nport = 1\n';
    const fromFile = effective(text);
    assert.deepEqual(
      ["model.default", "log.level", "listen.port"].map((key) => originOf(fromFile, key)),
      ["daphnia.toml:2", "daphnia.toml:4", "daphnia.toml:6"],
    );
    const environment = {
      DAPHNIA_MODEL: "c/d",
      DAPHNIA_LOG_LEVEL: "error",
      DAPHNIA_TCP_PORT: "2",
    };
    const result = effective(text, environment);
    assert.deepEqual(
      ["model.default", "log.level", "listen.port"].map((key) => originOf(result, key)),
      Object.keys(environment),
    );
    const { model, log, listen } = result.config;
    assert.deepEqual([model?.default, log?.level, listen?.port], ["c/d", LogLevel.ERROR, 2]);
  });

  it("turns TCP off by the port's variable, and ignores an empty one", () => {
    const off = effective("", { DAPHNIA_TCP_PORT: "off" });
    assert.deepEqual(
      [off.config.listen?.tcp, originOf(off, "listen.tcp"), originOf(off, "listen.port")],
      [false, "DAPHNIA_TCP_PORT", "default"],
    );
    assert.equal(originOf(effective("", { DAPHNIA_TCP_PORT: "" }), "listen.tcp"), "default");
  });

  it("tells a variable that is wrong, and keeps what is below it", () => {
    const { config, mistakes } = effective("", { DAPHNIA_TCP_PORT: "http" });
    assert.deepEqual(mistakes, [
      {
        file: "DAPHNIA_TCP_PORT",
        line: 0,
        problem: 'must be a whole number, 0 to 65535, got "http"',
      },
    ]);
    assert.equal(config.listen?.port, 4747);
  });
});
