import type { ProviderLine } from "./provider-table.ts";

/**
 * The address that a package appends its paths to. People write base URLs as
 * each provider's own SDK takes them: some with the API's version, some without.
 * Undefined when nobody named one and there is none to assume.
 */
export function baseUrlOf(line: ProviderLine, named: string | undefined): string | undefined {
  if (named === undefined) return line.baseUrl === "" ? undefined : line.baseUrl;
  const url = new URL(line.name === "ollama" ? ollamaUrl(named) : named);
  const path = url.pathname.replace(/\/+$/, "");
  const hasVersion = /\/v\d+(alpha|beta)?\d*$/.test(path);
  const wantsVersion = line.version.append === "always" ? !hasVersion : path === "";
  url.pathname = wantsVersion ? path + line.version.path : path;
  return url.href.replace(/\/+$/, "");
}

/** `OLLAMA_HOST` is also what the server listens on: a host, a port, or both. */
function ollamaUrl(host: string): string {
  const url = new URL(
    /^https?:\/\//.test(host) ? host : `http://${host.replace(/^:/, "127.0.0.1:")}`,
  );
  if (url.port === "" && !/^https?:\/\//.test(host)) url.port = "11434";
  if (url.hostname === "0.0.0.0" || url.hostname === "[::]") url.hostname = "127.0.0.1";
  return url.href;
}
