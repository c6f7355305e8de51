import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Config, LogLevel, type SettingSchema } from "@daphnia/protocol/config";
import { nearHint } from "../base/near-hint.ts";
import { readConfigFile } from "../plugins/config/config-file.ts";
import {
  configOf,
  type EffectiveConfig,
  type EffectiveValue,
  effectiveConfig,
} from "../plugins/config/effective-config.ts";
import { type Mistake, tellMistake } from "../plugins/config/mistake.ts";
import type { Statement } from "../plugins/config/read-config.ts";
import type { Environment } from "../plugins/config/substitute.ts";
import { providerTable } from "../plugins/providers/provider-table.ts";
import type { Home } from "./home.ts";
import { HomeError } from "./home-error.ts";
import { type DaemonLimits, limitsOf } from "./limits.ts";

/** How the config file is named to people. */
export const configFile = "daphnia.toml";

/** The config in force: of the start, and what a reload may change since. */
export interface ConfigState {
  /** Values in force now. */
  config(): Config;
  /** The caps in force now. */
  limits(): DaemonLimits;
  /** Reads the file anew. What it says counts only once it is applied. */
  read(): Promise<ConfigFileReading>;
  /** Puts in force what can be, and keeps the rest for the next start. */
  apply(reading: ConfigFileReading): void;
  settings(): MessageInitShape<typeof SettingSchema>[];
  /** Keys whose new value counts from the next start on. */
  needsRestart(): readonly string[];
}

export interface ConfigFileReading {
  readonly statements: readonly Statement[];
  readonly effective: EffectiveConfig;
  /** Of the file and of the environment. */
  readonly mistakes: readonly Mistake[];
}

/** Reads the config that a daemon starts with. With a mistake in it, there is no good one to keep. */
export async function loadConfig(home: Home, environment: Environment): Promise<ConfigState> {
  const reading = await readHomeConfig(home, environment);
  if (reading.mistakes.length > 0) {
    const problems = reading.mistakes.map(tellMistake).join("\n  ");
    throw new HomeError(problems, `mend it (the file is ${home.config}) and start again`);
  }
  return createConfigState(reading, home, environment);
}

/** Starts from a reading without mistakes. */
export function createConfigState(
  start: ConfigFileReading,
  home: Home,
  environment: Environment,
): ConfigState {
  const atStart = byKey(start.effective.values);
  let next = atStart;
  let inForce: readonly EffectiveValue[] = start.effective.values;
  let config = start.effective.config;
  let limits = limitsIn(config);
  const isPending = ({ key, needsRestart, json }: EffectiveValue) =>
    needsRestart && JSON.stringify(json) !== JSON.stringify(next.get(key)?.json);
  return {
    config: () => config,
    limits: () => limits,
    read: () => readHomeConfig(home, environment),
    apply({ effective }) {
      next = byKey(effective.values);
      inForce = effective.values.map((value) => {
        const started = value.needsRestart ? atStart.get(value.key) : undefined;
        const isSame = JSON.stringify(started?.json) === JSON.stringify(value.json);
        return started === undefined || isSame ? value : started;
      });
      config = configOf(inForce);
      limits = limitsIn(config);
    },
    settings: () =>
      inForce.map((value) => ({
        key: value.key,
        value: value.shown,
        origin: value.origin,
        nextValue: isPending(value) ? (next.get(value.key)?.shown ?? "") : "",
        needsRestart: value.needsRestart,
      })),
    needsRestart: () => inForce.filter(isPending).map(({ key }) => key),
  };
}

/** The level as the log names it. */
export function logLevelOf({ log }: Config): string {
  return LogLevel[log?.level ?? LogLevel.INFO].toLowerCase();
}

/** Reads the config of a home, with the environment laid over it. */
export async function readHomeConfig(
  home: Home,
  environment: Environment,
): Promise<ConfigFileReading> {
  const { statements, mistakes } = await readConfigFile(home.config, configFile, environment);
  const effective = effectiveConfig(statements, configFile, environment);
  const strangers = unknownProviders(statements);
  return { statements, effective, mistakes: [...mistakes, ...strangers, ...effective.mistakes] };
}

function unknownProviders(statements: readonly Statement[]): Mistake[] {
  const names = providerTable.map(({ name }) => name);
  return statements.flatMap(({ path: [section, name = ""], line }) => {
    if (section !== "providers" || names.includes(name)) return [];
    const hint = nearHint(name, names) || `; there are ${names.join(", ")}`;
    return [{ file: configFile, line, problem: `there is no provider "${name}"${hint}` }];
  });
}

function byKey(values: readonly EffectiveValue[]): ReadonlyMap<string, EffectiveValue> {
  return new Map(values.map((value) => [value.key, value]));
}

function limitsIn({ limits }: Config): DaemonLimits {
  if (limits === undefined) throw new Error("a whole config has limits");
  return limitsOf(limits);
}
