import { type Part, Role } from "@daphnia/protocol/message";
import type { TranscriptEntry } from "@daphnia/protocol/session_service";
import { oneLine, plain } from "./escape-text.ts";
import { partsText } from "./part-text.ts";

type ReadText = (digest: string) => Promise<string>;

/** A conversation as Markdown, block by block: whatever was said, none of it breaks out of its block. */
export async function* transcriptMarkdown(
  title: string,
  entries: readonly TranscriptEntry[],
  readText: ReadText,
): AsyncGenerator<string> {
  yield `# ${oneLine(title)}`;
  const tools = new Map<string, string>();
  let speaker = "";
  for (const entry of entries) {
    const role = entry.message?.role === Role.USER ? "User" : "Assistant";
    if (role !== speaker) yield `\n## ${role}`;
    speaker = role;
    const blocks: string[] = [];
    for (const part of entry.message?.parts ?? []) {
      if (part.kind.case === "toolCall") tools.set(part.kind.value.callId, part.kind.value.tool);
      blocks.push(await blockOf(part, tools, readText));
    }
    yield* struck(entry, blocks.filter(Boolean));
  }
}

/** What a later attempt replaced is struck out; what was only cut off says so. */
function* struck(
  { superseded, interrupted }: TranscriptEntry,
  blocks: string[],
): Generator<string> {
  if (superseded) yield "\n<del>";
  for (const block of blocks) yield `\n${block}`;
  if (superseded) yield "\n</del>\n\n*(replaced by the next attempt)*";
  else if (interrupted) yield "\n*(cut off here)*";
}

async function blockOf(
  part: Part,
  tools: ReadonlyMap<string, string>,
  readText: ReadText,
): Promise<string> {
  const { kind } = part;
  switch (kind.case) {
    case "text":
      return closed(await wholeOf(part, kind.value, readText));
    case "thinking": {
      const text = closed(await wholeOf(part, kind.value, readText));
      return `<details>\n<summary>Thinking</summary>\n\n${text}\n\n</details>`;
    }
    case "toolCall": {
      const { tool, arguments: text } = kind.value;
      return `Calls ${inlineCode(tool)}:\n\n${jsonBlock(await wholeOf(part, text, readText))}`;
    }
    case "toolResult": {
      const { callId, parts, isError } = kind.value;
      const who = inlineCode(tools.get(callId) ?? callId);
      const texts = await Promise.all(parts.map((one) => resultText(one, readText)));
      return `${who} ${isError ? "failed" : "answered"}:\n\n${fenced(texts.join("\n"), "")}`;
    }
    default:
      return closed(oneLine(partsText([part])));
  }
}

async function resultText(part: Part, readText: ReadText): Promise<string> {
  const { kind } = part;
  return kind.case === "text" ? wholeOf(part, kind.value, readText) : partsText([part]);
}

/** The whole of a text of which the event may hold only the ends. */
async function wholeOf({ full }: Part, held: string, readText: ReadText): Promise<string> {
  return full === undefined ? held : await readText(full.digest);
}

function jsonBlock(text: string): string {
  try {
    return fenced(JSON.stringify(JSON.parse(text), null, 2), "json");
  } catch {
    return fenced(text, ""); // the model wrote no JSON; it is shown as it is
  }
}

/** A code block whose fence is longer than any that the text holds. */
export function fenced(text: string, language: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${plain(text).replace(/\n$/, "")}\n${fence}`;
}

function inlineCode(text: string): string {
  const ticks = "`".repeat(longestRun(text) + 1);
  const space = /^`|`$/.test(text) ? " " : "";
  return `${ticks}${space}${oneLine(text)}${space}${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

/** Markdown that somebody wrote, ended where it left a code block or one of our tags open. */
export function closed(text: string): string {
  const shown = plain(text).replace(/<(?=\/?(details|summary|del)\b)/gi, "&lt;");
  let open = "";
  for (const line of shown.split("\n")) {
    const [, fence = "", rest = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === "") continue;
    if (open === "") open = fence;
    else if (fence.startsWith(open) && rest.trim() === "") open = "";
  }
  return open === "" ? shown : `${shown}\n${open}`;
}
