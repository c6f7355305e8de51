import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { htmlToMarkdown } from "./html-to-markdown.ts";

const signal = new AbortController().signal;
const base = new URL("https://h.example/d/");
const convert = async (html: string) => (await htmlToMarkdown(html, base, signal)).markdown;

describe("htmlToMarkdown", () => {
  const cases: Record<string, readonly [html: string, markdown: string]> = {
    "joins spaces and parts paragraphs": ["<p>a \n b<p>c<br>d", "a b\n\nc\nd"],
    "nests lists": [
      "<ul><li>a<ul><li>b</ul><li>c</ul><ol><li>d<li>e</ol>",
      "- a\n  - b\n- c\n\n1. d\n2. e",
    ],
    "keeps code as it is": [
      "<p><code>x &lt; y</code><pre>\nlet  x;\n\n  ```\n</pre>z",
      "`x < y`\n\n````\nlet  x;\n\n  ```\n````\n\nz",
    ],
    quotes: ["<blockquote><p>a<p>b</blockquote>c", "> a\n\n> b\n\nc"],
    "draws tables": [
      "<table><tr><th>a<th>b<tr><td>1<td>2</table>",
      "| a | b |\n| --- | --- |\n| 1 | 2 |",
    ],
    "keeps links that lead somewhere on the web": [
      'x <a href="../a">b <b>c</b> </a>d <a href="#e">e</a> <a href="javascript:f()">f</a> <a href=g></a>',
      "x [b c](https://h.example/a) d e f",
    ],
    "drops what nobody sees": [
      '<style>a</style>b<div hidden>c</div><p style="display: none">d</p><p aria-hidden=true>e<p>f<!-- g --><template>h</template>',
      "b\n\nf",
    ],
    "takes the main part alone": ["<header>a</header><main><h2>b</h2>c</main><p>d", "## b\n\nc"],
    "takes all where the main part is empty": ["<p>a<main></main>", "a"],
    "keeps the words of pictures": ['<img alt="a b" src=c><img src=d>', "![a b]"],
  };
  for (const [name, [html, markdown]] of Object.entries(cases)) {
    it(name, async () => assert.equal(await convert(html), markdown));
  }

  it("gives up what is nested too deeply, and says so", async () => {
    const { isCut, markdown } = await htmlToMarkdown(`a${"<b>".repeat(1e6)}c`, base, signal);
    assert.deepEqual([isCut, markdown], [true, "a"]);
  });

  it("stops with its signal", async () => {
    const cancel = new AbortController();
    const call = htmlToMarkdown("<p>a".repeat(100_000), base, cancel.signal);
    cancel.abort(new Error("canceled"));
    await assert.rejects(call, /canceled/);
  });

  it("survives pages that are made to be slow", async () => {
    const pages = [
      "<".repeat(1e6),
      "&".repeat(1e6),
      `<pre>${"` ".repeat(5e5)}`,
      `<pre>${" ".repeat(1e6)}x`,
    ];
    for (const page of pages) assert.equal((await htmlToMarkdown(page, base, signal)).isCut, false);
  });
});
