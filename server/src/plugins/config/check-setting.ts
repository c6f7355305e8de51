import { isIP } from "node:net";
import { patternProblem } from "../../base/redact-patterns.ts";
import { isModeName, modeNames } from "../../core/permission/modes.ts";

/** What is wrong with the value of a key beyond its type; undefined when nothing is. */
export function checkSetting(path: readonly string[], value: unknown): string | undefined {
  const [section = "", name = "", last = ""] = path;
  // Providers and components have names of their own, between their section and their key.
  const key = named.includes(section) ? `${section}.${last}` : `${section}.${name}`;
  return checks[key]?.(value);
}

const named: readonly string[] = ["providers", "components"];

type Check = (value: unknown) => string | undefined;

const checks: Readonly<Record<string, Check>> = {
  "model.default": checkModel,
  "permissions.mode": checkMode,
  "redact.env": (value) => checkRedact("env", value),
  "redact.patterns": (value) => checkRedact("patterns", value),
  "sandbox.mode": checkSandbox,
  "fetch.allow": checkOpened,
  "providers.base_url": checkUrl,
  "components.url": checkUrl,
  "components.command": (value) => (Array.isArray(value) ? checkCommand(value) : undefined),
  "listen.address": checkAddress,
  "listen.hosts": (value) => (Array.isArray(value) ? checkHosts(value) : undefined),
};

function checkCommand(words: readonly unknown[]): string | undefined {
  const isWhole =
    words.length > 0 && words.every((word) => typeof word === "string") && words[0] !== "";
  return isWhole ? undefined : "must be a program and its arguments, each a text";
}

/** Whether only this machine can reach an address. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
}

const sandboxModes: readonly unknown[] = ["auto", "required", "off"];

function checkSandbox(value: unknown): string | undefined {
  if (sandboxModes.includes(value)) return undefined;
  return `must be one of ${sandboxModes.join(", ")}, got ${JSON.stringify(value)}`;
}

/** Hosts as `fetch` names them: no scheme and no path. */
function checkOpened(value: unknown): string | undefined {
  const hosts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const wrong = hosts.find(
    (host) => typeof host !== "string" || !/^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/.test(host),
  );
  if (wrong === undefined) return undefined;
  return `must be hosts in lower case, with a port where only that is meant, such as "localhost:3000", got ${JSON.stringify(wrong)}`;
}

/** What is wrong with the name of a mode. */
export function checkMode(value: unknown): string | undefined {
  if (typeof value === "string" && isModeName(value)) return undefined;
  return `must be one of ${modeNames.join(", ")}, got ${JSON.stringify(value)}`;
}

/** What is wrong with the name of a model. */
export function checkModel(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "" || /^[^/\s]+\/\S+$/.test(value)) return undefined;
  return `must be provider/model, got ${JSON.stringify(value)}`;
}

function checkRedact(name: string, value: unknown): string | undefined {
  const texts = Array.isArray(value) ? value.map(String) : [];
  if (name === "env") {
    const wrong = texts.find((text) => !/^[A-Za-z_]\w*$/.test(text));
    return wrong === undefined
      ? undefined
      : `must be names of variables, got ${JSON.stringify(wrong)}`;
  }
  const problems = texts.map(patternProblem);
  const at = problems.findIndex((problem) => problem !== undefined);
  return at < 0 ? undefined : `pattern ${at + 1} ${problems[at]}`;
}

function checkUrl(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return `must be a URL with http or https, got ${JSON.stringify(value)}`;
  }
  if (url.username === "" && url.password === "") return undefined;
  return "must be a URL without user and password; they belong in headers or api_key";
}

function checkAddress(value: unknown): string | undefined {
  if (typeof value === "string" && isLoopback(value)) return undefined;
  return `${JSON.stringify(value)} needs TLS, which this version does not have; use 127.0.0.1, and a tunnel or proxy that hosts names`;
}

function checkHosts(hosts: readonly unknown[]): string | undefined {
  for (const host of hosts) {
    const name = typeof host === "string" ? host.replace(/:\d+$/, "") : "";
    if (name === "*" || (isIP(name.replace(/^\[|\]$/g, "")) !== 0 && !isLoopback(name))) {
      return `must be names of a tunnel or proxy; to be reached at ${JSON.stringify(host)} needs TLS, which this version does not have`;
    }
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && !/^\[::1\]$/.test(name)) {
      return `must be names in lower case, with a port where needed, got ${JSON.stringify(host)}`;
    }
  }
  return undefined;
}
