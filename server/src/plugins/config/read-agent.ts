import { create } from "@bufbuild/protobuf";
import { type Agent, AgentSchema } from "@daphnia/protocol/agent";
import { type AgentFields, readAgentField } from "./agent-fields.ts";
import { splitFrontMatter } from "./front-matter.ts";
import type { Mistake } from "./mistake.ts";

/** What an agent's file says, or why it says nothing. */
export type AgentReading =
  | { readonly kind: "agent"; readonly agent: Agent }
  | { readonly kind: "mistakes"; readonly mistakes: readonly [Mistake, ...Mistake[]] };

/** Reads an agent's file: YAML front matter, and the instructions below it. */
export async function readAgent(name: string, text: string, file: string): Promise<AgentReading> {
  const parts = splitFrontMatter(text);
  if (parts === undefined) {
    const problem = "the front matter is not closed: a line of --- must follow it";
    return { kind: "mistakes", mistakes: [{ file, line: 1, problem }] };
  }
  const { fields, mistakes } = await readFields(name, parts.yaml ?? "", file);
  const instructions = parts.body.trim();
  if (instructions === "" && mistakes.length === 0) {
    const line = text.split("\n").length;
    mistakes.push({ file, line, problem: "there are no instructions below the front matter" });
  }
  const [first, ...rest] = mistakes;
  if (first !== undefined) return { kind: "mistakes", mistakes: [first, ...rest] };
  return {
    kind: "agent",
    agent: create(AgentSchema, { ...fields, name, instructions, origin: file }),
  };
}

/** Lines of a file before its front matter's first. */
const linesAbove = 1;

async function readFields(name: string, yaml: string, file: string) {
  if (yaml.trim() === "") return { fields: {}, mistakes: [] };
  const { isMap, isScalar, LineCounter, parseDocument } = await import("yaml");
  const counter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: counter, prettyErrors: false });
  const lineAt = (offset: number) => counter.linePos(offset).line + linesAbove;
  const mistakes: Mistake[] = document.errors.map(({ pos, message }) => ({
    file,
    line: lineAt(pos[0]),
    problem: `not YAML: ${message.split("\n")[0]}${/^Alias/.test(message) ? '; write "*" with quotes' : ""}`,
  }));
  let fields: AgentFields = {};
  const { contents } = document;
  if (mistakes.length > 0 || contents === null) return { fields, mistakes };
  if (!isMap(contents)) {
    const problem = "the front matter must be keys and values, such as `tools: [read]`";
    return { fields, mistakes: [{ file, line: 1 + linesAbove, problem }] };
  }
  for (const { key, value } of contents.items) {
    const word = isScalar(key) ? String(key.value) : String(key);
    const line = lineAt(isScalar(key) ? (key.range?.[0] ?? 0) : 0);
    const read = readAgentField(name, word, plain(value, document));
    if (typeof read === "string") mistakes.push({ file, line, problem: `${word}: ${read}` });
    else fields = { ...fields, ...read };
  }
  return { fields, mistakes };
}

/** A node as the value it stands for. */
function plain(node: unknown, document: import("yaml").Document): unknown {
  if (typeof node !== "object" || node === null || !("toJS" in node)) return node;
  // Every node of yaml has `toJS`, which takes its document.
  return typeof node.toJS === "function" ? node.toJS(document) : node;
}
