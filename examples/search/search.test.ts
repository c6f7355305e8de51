import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  type ComponentProcess,
  createComponentProcess,
} from "../../clients/component-kit/src/testing/component-process.ts";
import { engines } from "./engines.ts";
import { createPoliteFetch } from "./polite-fetch.ts";
import { rank } from "./rank.ts";

const fixture = (name: string) => readFile(join(import.meta.dirname, "fixtures", name), "utf8");
const files: Readonly<Record<string, string>> = {
  duckduckgo: "duckduckgo.html",
  mojeek: "mojeek.html",
  wikipedia: "wikipedia.json",
};

describe("the engines of search", () => {
  const expected: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
    duckduckgo: [
      [
        "Daphnia - Wikipedia",
        "https://en.wikipedia.org/wiki/Daphnia",
        'Daphnia is a genus of small crustaceans & a "water flea".',
      ],
      [
        "Water fleas of the pond",
        "https://www.pond.example/fleas/?utm_source=ddg",
        "How they hop, and why it isn't a jump.",
      ],
    ],
    mojeek: [
      ["Water fleas of the pond", "https://pond.example/fleas", "The water flea hops."],
      [
        "Under the microscope",
        "https://microscope.example/a?x=1&y=2",
        "A heart that one can see beat …",
      ],
    ],
    wikipedia: [
      [
        "Daphnia",
        "https://en.wikipedia.org/wiki/Daphnia",
        "called water fleas because of how they swim",
      ],
      ["Daphnia magna", "https://en.wikipedia.org/wiki/Daphnia_magna", "a large flea <5 mm>"],
    ],
  };
  for (const { name, read } of engines) {
    it(`are read: ${name}`, async () => {
      const hits = read(await fixture(files[name] ?? ""));
      assert.deepEqual(
        hits.map(({ title, url, snippet }) => [title, url, snippet]),
        expected[name],
      );
    });
    it(`have nothing on a page without results: ${name}`, () => {
      const empty = name === "wikipedia" ? '{"query":{"search":[]}}' : "<html>No results</html>";
      assert.deepEqual(read(empty), []);
    });
  }
});

describe("the ranking of search", () => {
  const hits = (...urls: readonly string[]) =>
    urls.map((url) => ({ title: url, url, snippet: "" }));
  const urlsOf = (...lists: readonly (readonly string[])[]) =>
    rank(lists.map((urls, at) => ({ engine: `e${at}`, hits: hits(...urls) }))).map(
      ({ url, engines: by }) => `${url} ${by.join()}`,
    );

  it("puts first what several engines know", () => {
    assert.deepEqual(urlsOf(["https://a.example/", "https://b.example/"], ["https://b.example/"]), [
      "https://b.example/ e0,e1",
      "https://a.example/ e0",
    ]);
  });

  it("knows a page by any of its addresses", () => {
    const same = [
      "http://www.a.example/x/?utm_source=y&b=2&a=1#part",
      "https://a.example/x?a=1&b=2&gclid=z",
    ];
    assert.deepEqual(urlsOf(same, ["https://a.example/x?a=1&b=3"]), [
      `${same[0]} e0`,
      "https://a.example/x?a=1&b=3 e1",
    ]);
  });
});

describe("the manners of search", () => {
  let server: Server;
  let asked: number[];
  let answer: { readonly status: number; readonly headers: Record<string, string> };
  let url: string;
  beforeEach(async () => {
    asked = [];
    answer = { status: 200, headers: {} };
    server = createServer((_request, response) => {
      asked.push(performance.now());
      response.writeHead(answer.status, answer.headers).end("x");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`; // it listens on TCP
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });
  const { signal } = new AbortController();

  it("ask a host once in an interval", async () => {
    const fetchPage = createPoliteFetch(60, 5000);
    const start = performance.now();
    await Promise.all([1, 2, 3].map(() => fetchPage(url, signal)));
    const [, second = 0, third = 0] = asked; // when the first arrives is up to the machine
    assert.ok(second - start >= 59 && third - start >= 119, `asked at ${asked}, from ${start}`);
  });

  it("say why a host cannot be reached", async () => {
    server.close();
    await once(server, "close");
    await assert.rejects(createPoliteFetch(0, 5000)(url, signal), /connect ECONNREFUSED/);
  });

  for (const [status, headers, seconds] of [
    [429, { "retry-after": "30" }, 30],
    [429, {}, 60],
    [503, { "retry-after": new Date(Date.now() + 600_000).toUTCString() }, 600],
    [429, { "retry-after": "999999" }, 3600],
  ] as const) {
    it(`leave alone who asks for it: ${status} ${JSON.stringify(headers)}`, async () => {
      const fetchPage = createPoliteFetch(0, 5000);
      answer = { status, headers };
      await assert.rejects(fetchPage(url, signal), { message: `answered ${status}` });
      answer = { status: 200, headers: {} };
      const error = await fetchPage(url, signal).catch((why: Error) => why.message);
      const [, told = ""] = /^asks to be left alone for (\d+) s$/.exec(String(error)) ?? [];
      assert.ok(Math.abs(Number(told) - seconds) < 10, String(error));
      assert.equal(asked.length, 1);
    });
  }
});

describe("search, as a component", () => {
  let component: ComponentProcess;
  let server: Server;
  let seen: string[];
  let broken: ReadonlySet<string>;
  before(async () => {
    server = createServer(async (request, response) => {
      const name = request.url?.split("/")[1] ?? "";
      seen.push(`${request.headers["user-agent"]} ${request.url}`);
      if (broken.has(name)) response.writeHead(500).end();
      else response.end(await fixture(files[name] ?? ""));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens on TCP
    component = createComponentProcess("search", join(import.meta.dirname, "main.ts"), {
      environment: { DAPHNIA_SEARCH_BASE: `http://127.0.0.1:${port}` },
    });
    await component.serve();
  });
  beforeEach(() => {
    [seen, broken] = [[], new Set()];
  });
  after(async () => {
    await component?.remove();
    server.close();
    server.closeAllConnections();
  });

  async function search(args: Record<string, unknown>) {
    const client = await component.connect();
    const { structuredContent, isError, content } = await client.callTool({
      name: "search",
      arguments: args,
    });
    return { found: structuredContent, isError, content };
  }

  it("asks all engines, merges what they say, and keeps it", async () => {
    const { found } = await search({ query: "water flea", limit: 3 });
    assert.deepEqual(found, {
      missing: [],
      results: [
        {
          title: "Daphnia - Wikipedia",
          url: "https://en.wikipedia.org/wiki/Daphnia",
          snippet: 'Daphnia is a genus of small crustaceans & a "water flea".',
          engines: ["duckduckgo", "wikipedia"],
        },
        {
          title: "Water fleas of the pond",
          url: "https://www.pond.example/fleas/?utm_source=ddg",
          snippet: "How they hop, and why it isn't a jump.",
          engines: ["duckduckgo", "mojeek"],
        },
        {
          title: "Under the microscope",
          url: "https://microscope.example/a?x=1&y=2",
          snippet: "A heart that one can see beat …",
          engines: ["mojeek"],
        },
      ],
    });
    const wiki = "/wikipedia/w/api.php?action=query&list=search&format=json&srsearch=water%20flea";
    assert.deepEqual(
      seen.sort(),
      ["/duckduckgo/html/?q=water%20flea", "/mojeek/search?q=water%20flea", wiki].map(
        (path) => `daphnia-search/0.1 ${path}`,
      ),
    );
    seen = [];
    assert.deepEqual((await search({ query: " water flea", limit: 3 })).found, found);
    assert.deepEqual(seen, []);
  });

  it("goes on without an engine that fails, says so, and does not keep that", async () => {
    broken = new Set(["mojeek"]);
    const half = await search({ query: "half" });
    assert.match(JSON.stringify(half.found), /"missing":\["mojeek: answered 500"\]/);
    broken = new Set();
    const whole = await search({ query: "half" });
    assert.match(JSON.stringify(whole.found), /"missing":\[\]/);
  });

  it("fails when no engine answers, and for what is no query", async () => {
    broken = new Set(["duckduckgo", "mojeek", "wikipedia"]);
    const { isError, content } = await search({ query: "nothing" });
    assert.equal(isError, true);
    assert.match(JSON.stringify(content), /no engine answered: .*mojeek: answered 500/);
    for (const wrong of [{}, { query: "  " }, { query: "x", limit: 31 }]) {
      assert.equal((await search(wrong)).isError, true);
    }
  });
});
