import { existsSync } from "node:fs";
import type { Config } from "@daphnia/protocol/config";
import { createRedactor, type Redactor } from "../base/redact.ts";
import { shortestSecret } from "../base/redact-encodings.ts";
import { type SecretValue, usable } from "../base/redact-values.ts";
import type { Agents } from "../core/session/session-deps.ts";
import { providerTable } from "../plugins/providers/provider-table.ts";
import type { DaemonLog } from "./log.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface SecretSources {
  readonly environment: Environment;
  readonly config: () => Config;
  readonly agents: Pick<Agents, "get" | "names">;
  /** The daemon's own tokens and those of components, by what they are called. */
  readonly tokens: () => Readonly<Record<string, string>>;
  /** Told of what cannot be kept secret. */
  readonly log: Pick<DaemonLog, "warn">;
}

/**
 * The redactor of what the daemon knows to be secret now. It is made anew only
 * where something of that changed, so it may be asked at every call.
 */
export function createSecrets(sources: SecretSources): () => Redactor {
  let key = "";
  let redactor = createRedactor({ values: [], patterns: [] });
  return () => {
    const values = secretValues(sources);
    const patterns = sources.config().redact?.patterns ?? [];
    const now = JSON.stringify([values, patterns]);
    if (now !== key) {
      key = now;
      redactor = createRedactor({ values, patterns });
      warn(sources);
    }
    return redactor;
  };
}

/** Every value that is secret, each under one name: that of its variable where it has one. */
export function secretValues(sources: Omit<SecretSources, "log">): readonly SecretValue[] {
  const { environment, config, agents, tokens } = sources;
  const variables = [
    ...providerTable.flatMap(({ keyVariables }) => keyVariables),
    ...(config().redact?.env ?? []),
  ].map((name) => ({ name, value: environment[name] ?? "" }));
  const passed = agents
    .names()
    .flatMap((name) => agents.get(name)?.envPass ?? [])
    .map((name) => ({ name, value: environment[name] ?? "" }))
    .filter(maySecret);
  const own = Object.entries(tokens()).map(([name, value]) => ({ name, value }));
  const byValue = new Map<string, SecretValue>();
  for (const one of [...variables, ...passed, ...configured(config()), ...own]) {
    if (one.value !== "" && !byValue.has(one.value)) byValue.set(one.value, one);
  }
  return [...byValue.values()];
}

/** What the config marks as secret. */
function configured({ providers, components, notify }: Config): readonly SecretValue[] {
  const ofProviders = Object.entries(providers).flatMap(([provider, { apiKey, headers }]) => [
    { name: `providers.${provider}.api_key`, value: apiKey },
    ...inHeaders(`providers.${provider}`, headers),
  ]);
  const ofComponents = Object.entries(components).flatMap(([component, { headers, env }]) => [
    ...inHeaders(`components.${component}`, headers),
    ...Object.entries(env)
      .map(([variable, value]) => ({ name: `components.${component}.env.${variable}`, value }))
      .filter(({ value }) => !isWord(value) && maySecret({ name: "", value })),
  ]);
  return [
    ...ofProviders,
    ...ofComponents,
    { name: "notify.webhook", value: notify?.webhook ?? "" },
  ];
}

function inHeaders(owner: string, headers: Readonly<Record<string, string>>): SecretValue[] {
  return Object.entries(headers).flatMap(([header, value]) => {
    // Behind a word such as Bearer, the key is the rest.
    const [, rest = ""] = /^[A-Za-z]+ +(\S+)$/.exec(value) ?? [];
    return isWord(value) ? [] : [{ name: `${owner}.headers.${header}`, value: rest || value }];
  });
}

/** Headers also say what is no secret at all. */
function isWord(value: string): boolean {
  return /^(?:[a-z]+\/[a-z.+-]+|[a-z-]{1,24}|[\d.-]{1,12})$/i.test(value);
}

/** Variables that tell commands where they are; what they hold is everywhere. */
const places =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TERM|COLORTERM|TZ|PWD|TMPDIR|EDITOR|PAGER|DISPLAY|NODE_ENV|CI|XDG_\w+)$/;

/** Whether a value that an agent passes on may be secret: not where it is a path or a plain word. */
function maySecret({ name, value }: SecretValue): boolean {
  if (places.test(name)) return false;
  const paths = value.split(":");
  if (paths.every((path) => path.startsWith("/") && existsSync(path))) return false;
  return !/^(?:true|false|enabled|disabled|development|production|localhost)$/i.test(value);
}

function warn({ environment, config, log }: SecretSources): void {
  for (const name of config().redact?.env ?? []) {
    const value = environment[name];
    if (value === undefined) log.warn({ name }, "redact.env: this variable is not set");
    else if (usable([{ name, value }]).length === 0) {
      const text = `redact.env: what this variable holds is not replaced: it has fewer than ${shortestSecret} characters, or is its own name`;
      log.warn({ name }, text);
    }
  }
}
