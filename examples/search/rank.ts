import type { Hit } from "./engines.ts";

/** A result, and who found it. */
export type Ranked = Hit & { readonly engines: readonly string[] };

/** Merges lists by reciprocal rank, 1/(60 + place): what two know beats one's favourite. */
export function rank(lists: readonly { engine: string; hits: readonly Hit[] }[]): Ranked[] {
  const found = new Map<string, Ranked & { readonly score: number }>();
  for (const { engine, hits } of lists) {
    for (const [index, hit] of hits.entries()) {
      const known = found.get(keyOf(hit.url)) ?? { ...hit, score: 0, engines: [] };
      if (known.engines.includes(engine)) continue; // its better place counted
      found.set(keyOf(hit.url), {
        ...known,
        snippet: known.snippet || hit.snippet,
        score: known.score + 1 / (61 + index),
        engines: [...known.engines, engine],
      });
    }
  }
  const sorted = [...found.values()].sort((a, b) => b.score - a.score);
  return sorted.map(({ score: _, ...result }) => result);
}

/** What the addresses of one page have in common. */
function keyOf(address: string): string {
  const url = new URL(address);
  const query = [...url.searchParams].filter(([name]) => !/^(utm_\w+|gclid|fbclid)$/.test(name));
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.host.replace(/^www\./, "")}${path}?${new URLSearchParams(query.sort())}`;
}
