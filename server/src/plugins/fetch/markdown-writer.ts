/** Takes the tags and texts of a page in their order, and makes Markdown of them. */
export interface MarkdownWriter {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
  text(data: string): void;
  /** Of its main part alone, where the page marks one. */
  end(): { readonly title: string; readonly markdown: string };
}

/** What says nothing to a reader, or leads elsewhere. */
const dropped = new Set(
  "script style noscript template svg iframe object canvas video audio select button nav footer aside dialog".split(
    " ",
  ),
);

/** Elements that stand apart by an empty line, and those that begin a new one. */
const paragraphs = new Set("p h1 h2 h3 h4 h5 h6 ul ol dl table pre blockquote hr main".split(" "));
const lines = new Set(
  "div section article header address details summary figure figcaption form fieldset li dt dd tr body br".split(
    " ",
  ),
);

/** A writer for the page at `base`, which its links start from. */
export function createMarkdownWriter(base: URL): MarkdownWriter {
  const out: string[] = [];
  const lists: { next: number | undefined }[] = [];
  let [depth, skipFrom, quotes] = [0, 0, 0];
  let [title, isInTitle] = ["", false];
  let breaks = 2;
  let marker = "";
  let pre: { depth: number; text: string } | undefined;
  let link: { depth: number; url: string; at: number | undefined } | undefined;
  let row: { cells: number; isHead: boolean } | undefined;
  let main: { depth: number; from: number; to: number } | undefined;

  function put(text: string): void {
    if (breaks > 0) {
      const indent =
        "> ".repeat(quotes) + "  ".repeat(Math.max(0, lists.length - (marker ? 1 : 0)));
      out.push((out.length > 0 ? "\n".repeat(breaks) : "") + indent + marker);
      [breaks, marker] = [0, ""];
    }
    if (link !== undefined) link.at ??= out.length;
    out.push(text);
  }

  function apart(name: string): void {
    const count = paragraphs.has(name) ? 2 : lines.has(name) ? 1 : 0;
    // A list in a list goes on with it.
    breaks = Math.max(breaks, lists.length > 0 ? Math.min(count, 1) : count);
  }

  function openBlock(name: string): void {
    switch (name) {
      case "ul":
        lists.push({ next: undefined });
        return;
      case "ol":
        lists.push({ next: 1 });
        return;
      case "li": {
        const list = lists.at(-1);
        marker = list?.next === undefined ? "- " : `${list.next++}. `;
        return;
      }
      case "blockquote":
        quotes++;
        return;
      case "pre":
        pre ??= { depth, text: "" };
        return;
      case "tr":
        row = { cells: 0, isHead: row === undefined };
        return;
      case "table":
        row = undefined;
        return;
      case "hr":
        put("---");
        breaks = 2;
    }
  }

  function openInline(name: string, attributes: Readonly<Record<string, string>>): void {
    switch (name) {
      case "h1":
      case "h2":
      case "h3":
      case "h4":
      case "h5":
      case "h6":
        put(`${"#".repeat(Number(name[1]))} `);
        return;
      case "code":
        tick();
        return;
      case "td":
      case "th":
        openCell();
        return;
      case "img":
        if (attributes["alt"]) put(`![${attributes["alt"]}]`);
        return;
      case "a":
        openLink(attributes["href"] ?? "");
    }
  }

  function tick(): void {
    if (pre === undefined) put("`");
  }

  function openCell(): void {
    if (row !== undefined) put(row.cells++ === 0 ? "| " : " | ");
  }

  function openLink(href: string): void {
    const url = link === undefined ? linkedUrl(href, base) : undefined;
    if (url !== undefined) link = { depth, url, at: undefined };
  }

  function endLink(): void {
    if (link?.at === undefined) return;
    const inner = out.splice(link.at).join("");
    const text = inner.trim();
    const [before, after] = [/^\s*/.exec(inner)?.[0], inner.endsWith(" ") ? " " : ""];
    out.push(text === "" ? inner : `${before}[${text}](${link.url})${after}`);
  }

  function endPre(text: string): void {
    let longest = 2;
    for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
    const fence = "`".repeat(longest + 1);
    put(`${fence}\n${text.replace(/^\n/, "").trimEnd()}\n${fence}`);
  }

  /** What ends with the element that began it. */
  function endSpans(): void {
    if (link?.depth === depth) {
      endLink();
      link = undefined;
    }
    if (main?.depth === depth && main.to === 0) main.to = out.length;
    if (pre?.depth === depth) {
      const { text } = pre;
      pre = undefined;
      endPre(text);
    }
  }

  function endBlock(name: string): void {
    switch (name) {
      case "ul":
      case "ol":
        lists.pop();
        return;
      case "li":
        marker = "";
        return;
      case "blockquote":
        quotes--;
        return;
      case "code":
        tick();
        return;
      case "tr":
        endRow();
    }
  }

  function endRow(): void {
    if (row === undefined || row.cells === 0) return;
    put(row.isHead ? ` |\n|${" --- |".repeat(row.cells)}` : " |");
  }

  return {
    open(name, attributes) {
      depth++;
      if (skipFrom > 0) return;
      if (dropped.has(name) || isHidden(name, attributes)) {
        skipFrom = depth;
        return;
      }
      if (name === "title") isInTitle = true;
      apart(name);
      if (pre !== undefined && name === "br") pre.text += "\n";
      openBlock(name);
      openInline(name, attributes);
      const isMain = name === "main" || attributes["role"] === "main";
      if (isMain && link === undefined) main ??= { depth, from: out.length, to: 0 };
    },
    close(name) {
      if (skipFrom === 0) {
        endSpans();
        endBlock(name);
        if (name === "title") isInTitle = false;
        apart(name);
      }
      if (skipFrom === depth) skipFrom = 0;
      depth--;
    },
    text(data) {
      if (skipFrom > 0) return;
      if (isInTitle) title += data;
      else if (pre !== undefined) pre.text += data;
      else {
        const isOpen = breaks > 0 || / $/.test(out.at(-1) ?? "");
        const flat = data.replace(/[\s\u200b\ufeff]+/g, " ");
        const rest = isOpen ? flat.trimStart() : flat;
        if (rest !== "") put(rest);
      }
    },
    end() {
      const whole = () => out.join("").trim();
      const part = main === undefined ? "" : out.slice(main.from, main.to || undefined).join("");
      return { title: title.replace(/\s+/g, " ").trim(), markdown: part.trim() || whole() };
    },
  };
}

/** What a reader of the page would not see. A page that hides all of itself shows it by script. */
function isHidden(name: string, attributes: Readonly<Record<string, string>>): boolean {
  if (name === "html" || name === "body") return false;
  if ("hidden" in attributes || attributes["aria-hidden"] === "true") return true;
  return /(^|;)\s*(display\s*:\s*none|visibility\s*:\s*hidden)/i.test(attributes["style"] ?? "");
}

/** Where a link leads on the web; undefined for one that stays on the page or runs a script. */
function linkedUrl(href: string, base: URL): string | undefined {
  if (href === "" || href.startsWith("#")) return undefined;
  const url = URL.parse(href, base.href);
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
