#!/usr/bin/env node
import { defineComponent, tool, z } from "@daphnia/component";
import { engines } from "./engines.ts";
import { createPoliteFetch } from "./polite-fetch.ts";
import { type Ranked, rank } from "./rank.ts";

/** For tests: a server that stands for all engines, each below its name. */
const base = process.env["DAPHNIA_SEARCH_BASE"];
const fetchPage = createPoliteFetch(base ? 0 : 1000, 6000);

const freshFor = 10 * 60_000;
const mostKept = 200;
const kept = new Map<string, { readonly until: number; readonly results: readonly Ranked[] }>();

/** Asks every engine side by side. What all of them answered is kept for a while. */
async function search(query: string, signal: AbortSignal) {
  const known = kept.get(query);
  if (known !== undefined && Date.now() < known.until)
    return { results: known.results, missing: [] };
  const missing: string[] = [];
  const asked = engines.map(async ({ name, address, read }) => {
    const url = base ? address.replace(/^https:..[^/]+/, `${base}/${name}`) : address;
    try {
      return [
        { engine: name, hits: read(await fetchPage(url + encodeURIComponent(query), signal)) },
      ];
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message : error}`);
      return [];
    }
  });
  const lists = (await Promise.all(asked)).flat();
  if (lists.length === 0) throw new Error(`no engine answered: ${missing.join("; ")}`);
  const results = rank(lists);
  kept.delete(query);
  if (missing.length === 0) kept.set(query, { until: Date.now() + freshFor, results });
  const [oldest = ""] = kept.keys();
  if (kept.size > mostKept) kept.delete(oldest);
  return { results, missing };
}

await defineComponent({
  name: "search",
  version: "0.1.0",
  description: "Searches the web through several engines, none of which needs a key.",
  tools: [
    tool({
      name: "search",
      description: "Searches the web. Answers with titles, addresses and snippets, best first.",
      input: z.object({
        query: z.string().trim().min(1).max(400),
        limit: z.number().int().min(1).max(30).default(10),
      }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: true },
      async handler({ query, limit }, { signal, log }) {
        const { results, missing } = await search(query, signal);
        if (missing.length > 0) log.warn("searched without some", { missing });
        return { results: results.slice(0, limit), missing };
      },
    }),
  ],
}).run();
