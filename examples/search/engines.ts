import { z } from "@daphnia/component";

/** One result, in words that hold no markup. */
export type Hit = Readonly<Record<"title" | "url" | "snippet", string>>;

const foundInWikipedia = z.object({
  query: z.object({ search: z.array(z.object({ title: z.string(), snippet: z.string() })) }),
});

/** Search engines that need no key. The query follows the address. */
export const engines = [
  {
    name: "duckduckgo",
    address: "https://html.duckduckgo.com/html/?q=",
    read: (page: string) =>
      readBlocks(page, /class="result results_l/, "result__a", "result__snippet"),
  },
  {
    name: "mojeek",
    address: "https://www.mojeek.com/search?q=",
    read: (page: string) => readBlocks(page, /<li class="r\d/, "title", "s"),
  },
  {
    name: "wikipedia",
    address: "https://en.wikipedia.org/w/api.php?action=query&list=search&format=json&srsearch=",
    read: (page: string) =>
      foundInWikipedia.parse(JSON.parse(page)).query.search.map(({ title, snippet }) => ({
        title,
        url: `https://en.wikipedia.org/wiki/${encodeURIComponent(title.replaceAll(" ", "_"))}`,
        snippet: textOf(snippet),
      })),
  },
];

/** Results of an HTML page: in each block a link of one class, and an element of another. */
function readBlocks(page: string, start: RegExp, link: string, snippet: string): Hit[] {
  const linked = new RegExp(`(<a[^>]*class="${link}"[^>]*>)(.*?)</a>`, "s");
  const said = new RegExp(`<(\\w+)[^>]*class="${snippet}"[^>]*>(.*?)</\\1>`, "s");
  return page
    .split(start)
    .slice(1)
    .flatMap((block) => {
      const [, tag = "", title = ""] = linked.exec(block) ?? [];
      const url = targetOf(textOf(/href="([^"]*)"/.exec(tag)?.[1] ?? ""));
      return url
        ? [{ title: textOf(title), url, snippet: textOf(said.exec(block)?.[2] ?? "") }]
        : [];
    });
}

/** Where a link leads in the end; nothing for an advertisement, and for what is no page. */
function targetOf(href: string): string | undefined {
  const url = URL.parse(href, "https://duckduckgo.com/");
  const isOwn = url?.hostname === "duckduckgo.com";
  const target = isOwn ? URL.parse(url.searchParams.get("uddg") ?? "") : url;
  return target?.protocol === "https:" || target?.protocol === "http:" ? target.href : undefined;
}

function textOf(html: string): string {
  const named = new Map(Object.entries({ amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " " }));
  const decoded = html
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&(?:#x([\da-f]{1,5})|#(\d{1,6})|(\w+));/gi, (whole, hex, decimal, name) =>
      name === undefined
        ? String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal))
        : (named.get(name.toLowerCase()) ?? whole),
    );
  return decoded.replaceAll(/\s+/g, " ").trim();
}
