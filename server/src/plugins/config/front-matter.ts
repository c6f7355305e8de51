/** A Markdown file as its front matter and the text below it. */
export interface FrontMatter {
  /** YAML, from the file's second line on; undefined where there is none. */
  readonly yaml: string | undefined;
  readonly body: string;
}

const opening = /^\uFEFF?---[ \t]*\r?\n/;
const closing = /^---[ \t]*(?:\r?\n|$)/m;

/** Undefined where the front matter is opened and not closed. */
export function splitFrontMatter(text: string): FrontMatter | undefined {
  const [start] = opening.exec(text) ?? [];
  if (start === undefined) return { yaml: undefined, body: text.replace(/^\uFEFF/, "") };
  const rest = text.slice(start.length);
  const end = closing.exec(rest);
  if (end === null) return undefined;
  return { yaml: rest.slice(0, end.index), body: rest.slice(end.index + end[0].length) };
}

export function joinFrontMatter(yaml: string, body: string): string {
  const closed = yaml === "" || yaml.endsWith("\n") ? yaml : `${yaml}\n`;
  return `---\n${closed}---\n${body}`;
}
