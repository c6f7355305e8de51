import { setTimeout as pause } from "node:timers/promises";

/**
 * Fetches pages: says who it is, asks a host once in `interval` milliseconds, leaves one
 * alone that asks for it, reads at most 2 MiB, and takes at most `timeout` milliseconds, its turn included.
 */
export function createPoliteFetch(interval: number, timeout: number) {
  const turns = new Map<string, number>(); // when a host may be asked next

  return async (url: string, given: AbortSignal): Promise<string> => {
    const { host } = new URL(url);
    const signal = AbortSignal.any([given, AbortSignal.timeout(timeout)]);
    const wait = Math.max(0, (turns.get(host) ?? 0) - Date.now());
    if (wait >= timeout) throw new Error(`asks to be left alone for ${Math.ceil(wait / 1000)} s`);
    turns.set(host, Date.now() + wait + interval);
    await pause(wait, undefined, { signal });
    const headers = { "User-Agent": "daphnia-search/0.1" };
    const response = await fetch(url, { headers, signal }).catch((error) => {
      throw error.cause ?? error; // "fetch failed" says nothing
    });
    const rest = response.headers.get("retry-after");
    if (rest !== null || response.status === 429)
      turns.set(host, Date.now() + secondsOf(rest) * 1000);
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.length > 2 ** 21) throw new Error("answered with too much");
    }
    return text;
  };
}

/** How long to rest: a minute where nobody says, never more than an hour. */
function secondsOf(header: string | null): number {
  const said = Number(header) || (Date.parse(header ?? "") - Date.now()) / 1000 || 60;
  return Math.min(Math.max(said, 1), 3600);
}
