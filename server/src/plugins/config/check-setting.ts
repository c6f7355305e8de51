import { isIP } from "node:net";
import { isModeName, modeNames } from "../../core/permission/modes.ts";

/** What is wrong with the value of a key beyond its type; undefined when nothing is. */
export function checkSetting(path: readonly string[], value: unknown): string | undefined {
  const [section, name = "", key] = path;
  if (section === "model") return name === "default" ? checkModel(value) : undefined;
  if (section === "permissions") return name === "mode" ? checkMode(value) : undefined;
  if (section === "providers" && key === "base_url") return checkUrl(value);
  if (section !== "listen") return undefined;
  if (name === "address") return checkAddress(value);
  return name === "hosts" && Array.isArray(value) ? checkHosts(value) : undefined;
}

/** Whether only this machine can reach an address. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
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
