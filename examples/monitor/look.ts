import { readFile, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";

/** What was found: a text, or nothing where it is as it was by what its server says. */
export type Look = { readonly text?: string; readonly etag: string };

/** Characters that count; what comes after them is not looked at. */
const most = 256 * 1024;

/** Looks at a file, but none below a folder that is not to be told of. */
export async function lookAtFile(path: string, secret: string): Promise<Look> {
  const real = await realpath(path);
  if (real.startsWith(`${await realpath(secret)}${sep}`)) throw new Error("it is the daemon's own");
  const info = await stat(real);
  if (!info.isFile() || info.size > 64 * most) throw new Error("it is no file, or too large");
  return { text: (await readFile(real, "utf8")).slice(0, most), etag: "" };
}

/** Looks at a page, and takes no answer twice from a server that knows which one it gave. */
export async function lookAtPage(url: string, etag: string, given: AbortSignal): Promise<Look> {
  const headers = { "User-Agent": "daphnia-monitor/0.1", ...(etag && { "If-None-Match": etag }) };
  const signal = AbortSignal.any([given, AbortSignal.timeout(10_000)]);
  const response = await fetch(url, { headers, signal });
  if (response.status === 304) return { etag };
  if (!response.ok) throw new Error(`answered ${response.status}`);
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.length >= most) break;
  }
  return { text: text.slice(0, most), etag: response.headers.get("etag") ?? "" };
}
