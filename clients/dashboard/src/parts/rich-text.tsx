import { Fragment, type ReactNode } from "react";
import { ScrollBox } from "./scroll-box.tsx";

/**
 * What a model wrote, as text. The few marks that people know from Markdown become elements;
 * everything else, HTML above all, is shown as it was written and does nothing.
 */
export function RichText({ text }: { readonly text: string }) {
  return <div className="rich">{blocksOf(text).map(toElement)}</div>;
}

type Block =
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[]; readonly start: number | undefined }
  | { readonly kind: "text"; readonly text: string };

const fence = /^\s*```/;
const bullet = /^\s*[-*•] +(?=\S)/;
const numbered = /^\s*\d+[.)] +(?=\S)/;
const heading = /^#{1,6} +(?=\S)/;

function blocksOf(text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; ) {
    const taken = takeBlock(lines, i);
    i += Math.max(1, taken.count);
    if (taken.block !== undefined) blocks.push(taken.block);
  }
  return blocks;
}

function takeBlock(lines: readonly string[], from: number): { block?: Block; count: number } {
  const line = lines[from] ?? "";
  if (line.trim() === "") return { count: 1 };
  if (fence.test(line)) {
    const rest = lines.slice(from + 1);
    const end = rest.findIndex((one) => fence.test(one));
    const inside = end < 0 ? rest : rest.slice(0, end);
    return { block: { kind: "code", text: inside.join("\n") }, count: inside.length + 2 };
  }
  if (heading.test(line)) {
    return { block: { kind: "heading", text: line.replace(heading, "") }, count: 1 };
  }
  for (const mark of [bullet, numbered]) {
    if (!mark.test(line)) continue;
    const items = whileTrue(lines.slice(from), (one) => mark.test(one));
    const texts = items.map((one) => one.replace(mark, ""));
    return {
      block: {
        kind: "list",
        items: texts,
        start: mark === numbered ? Number.parseInt(line, 10) : undefined,
      },
      count: items.length,
    };
  }
  const plain = whileTrue(
    lines.slice(from),
    (one) =>
      one.trim() !== "" && ![fence, heading, bullet, numbered].some((mark) => mark.test(one)),
  );
  return { block: { kind: "text", text: plain.join("\n") }, count: plain.length };
}

function whileTrue(lines: readonly string[], is: (line: string) => boolean): readonly string[] {
  const end = lines.findIndex((line) => !is(line));
  return end < 0 ? lines : lines.slice(0, end);
}

function toElement(block: Block, key: number): ReactNode {
  switch (block.kind) {
    case "code":
      return (
        <ScrollBox key={key} label="Code" className="code">
          <pre>{block.text}</pre>
        </ScrollBox>
      );
    case "heading":
      return (
        <p key={key} className="rich-heading">
          {inline(block.text)}
        </p>
      );
    case "list": {
      const items = block.items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name
        <li key={index}>{inline(item)}</li>
      ));
      if (block.start === undefined) return <ul key={key}>{items}</ul>;
      return (
        <ol key={key} start={block.start}>
          {items}
        </ol>
      );
    }
    case "text":
      return <p key={key}>{inline(block.text)}</p>;
  }
}

const marks = /(`[^`\n]+`|\*\*[^*\n]+\*\*|https?:\/\/[^\s<>"'`)\]]*[^\s<>"'`)\].,;:!?])/g;

function inline(text: string): ReactNode[] {
  return text.split(marks).map((piece, index) => {
    const key = `${index}`;
    if (index % 2 === 0) return <Fragment key={key}>{piece}</Fragment>;
    if (piece.startsWith("`")) return <code key={key}>{piece.slice(1, -1)}</code>;
    if (piece.startsWith("**")) return <strong key={key}>{piece.slice(2, -2)}</strong>;
    return <SafeLink key={key} url={piece} />;
  });
}

/** A link that somebody else wrote: shown whole, http and https only, opened by a click only. */
export function SafeLink({ url, title }: { readonly url: string; readonly title?: string }) {
  const parsed = URL.parse(url);
  const isSafe = parsed !== null && /^https?:$/.test(parsed.protocol);
  if (!isSafe) return <>{title ?? url}</>;
  return (
    <a href={parsed.href} target="_blank" rel="noopener noreferrer nofollow" title={parsed.href}>
      {title ?? url}
    </a>
  );
}
