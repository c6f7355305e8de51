import {
  type CallToolResult,
  fromJsonSchema,
  isCallToolResult,
  type StandardSchemaWithJSON,
  type ToolAnnotations,
} from "@modelcontextprotocol/server";
import type { Log } from "./log-file.ts";

/** What a tool takes: a zod object, or a plain JSON Schema of one. */
export type Input = StandardSchemaWithJSON | JsonSchema | undefined;

/** A JSON Schema that needs no library. */
export interface JsonSchema {
  readonly type: "object";
  readonly [key: string]: unknown;
}

/** Arguments as a handler gets them: they fit the schema. */
export type Arguments<S extends Input> = S extends StandardSchemaWithJSON
  ? StandardSchemaWithJSON.InferOutput<S>
  : Readonly<Record<string, unknown>>;

/** What a handler may use besides its arguments. */
export interface Call {
  /** Aborted when the caller gave up, or when the component ends. */
  readonly signal: AbortSignal;
  /** The component's log, with the tool's name on each line. */
  readonly log: Log;
  /** Tells whoever waits how far it is; `done` only grows. Nobody asked: nothing is sent. */
  progress(done: number, total?: number, message?: string): Promise<void>;
}

/** A tool as it is written. */
export interface ToolDefinition<S extends Input> {
  /** 1 to 64 of `A-Za-z0-9_-`. */
  readonly name: string;
  /** What a model reads to decide whether it wants this. */
  readonly description: string;
  readonly input?: S;
  /** Promises such as `readOnlyHint`: they count where the owner trusts the component. */
  readonly annotations?: ToolAnnotations;
  /**
   * Answers one call. A string is answered as text, a whole MCP result as it is, and
   * anything else as structured content. What is thrown becomes an error for the model.
   */
  handler(input: Arguments<S>, call: Call): unknown;
}

/** A tool, ready to be served. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly input: StandardSchemaWithJSON;
  readonly annotations: ToolAnnotations | undefined;
  run(input: unknown, call: Call): Promise<CallToolResult>;
}

const nothing: JsonSchema = { type: "object", properties: {} };

/** One tool of a component. */
export function tool<const S extends Input = undefined>(definition: ToolDefinition<S>): Tool {
  const { name, description, annotations } = definition;
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw new Error(`a tool's name is 1 to 64 of A-Z, a-z, 0-9, _ and -, not "${name}"`);
  }
  const input: StandardSchemaWithJSON | JsonSchema = definition.input ?? nothing;
  return {
    name,
    description,
    annotations,
    input: isStandard(input) ? input : fromJsonSchema({ ...input }),
    async run(given, call) {
      // It was validated by the schema that `Arguments` is derived from.
      return resultOf(await definition.handler(given as Arguments<S>, call));
    },
  };
}

function isStandard(input: StandardSchemaWithJSON | JsonSchema): input is StandardSchemaWithJSON {
  return "~standard" in input;
}

/** An answer in MCP's shape; a text for each value, as readers without structure need one. */
function resultOf(answer: unknown): CallToolResult {
  if (typeof answer === "string") return textOf(answer);
  if (typeof answer !== "object" || answer === null) return textOf(JSON.stringify(answer) ?? "");
  if ("content" in answer && isCallToolResult(answer)) return answer;
  const text = JSON.stringify(answer);
  const parsed: unknown = JSON.parse(text); // what structured content can carry, and no more
  const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  return isObject ? { ...textOf(text), structuredContent: { ...parsed } } : textOf(text);
}

function textOf(text: string): CallToolResult {
  return { content: [{ type: "text", text }] };
}
