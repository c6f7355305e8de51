import { setImmediate } from "node:timers/promises";
import { createMarkdownWriter } from "./markdown-writer.ts";

/** A page as text. */
export interface PageText {
  /** Empty where it has none. */
  readonly title: string;
  readonly markdown: string;
  /** Whether it was given up before its end, because it is nested too deeply. */
  readonly isCut: boolean;
}

/** Signs that are read at once. In between, others have their turn. */
const pieceLength = 16_384;

/**
 * Elements inside each other, at most. Each tag costs time by that, and a page
 * that is made to be slow would have millions.
 */
const maxDepth = 1000;

/** The parser is loaded by the first who needs it. It builds no tree: nothing here recurses. */
export async function htmlToMarkdown(
  html: string,
  base: URL,
  signal: AbortSignal,
): Promise<PageText> {
  const { Parser } = await import("htmlparser2");
  const writer = createMarkdownWriter(base);
  let depth = 0;
  let isCut = false;
  const parser = new Parser({
    onopentag(name, attributes) {
      isCut ||= ++depth > maxDepth;
      if (!isCut) writer.open(name, attributes);
    },
    onclosetag(name) {
      depth--;
      if (!isCut) writer.close(name);
    },
    ontext(data) {
      if (!isCut) writer.text(data);
    },
  });
  for (let at = 0; at < html.length && !isCut; at += pieceLength) {
    parser.write(html.slice(at, at + pieceLength));
    await setImmediate();
    signal.throwIfAborted();
  }
  if (!isCut) parser.end();
  return { ...writer.end(), isCut };
}
