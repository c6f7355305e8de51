import type { Tool as ToolSpec } from "@daphnia/protocol/tool";
import { messageOf } from "../../base/errors.ts";
import type { ArgumentReader } from "../../core/tool/tool.ts";
import { describeErrors } from "./describe-errors.ts";
import { findJsonFault } from "./json-fault.ts";
import type { SchemaCheck, SchemaCompiler } from "./schema-compiler.ts";
import { shortJson } from "./short-json.ts";

/**
 * Reads arguments with ajv, which is loaded by the first call. Blank text is no
 * arguments, and a blank schema takes any. A tool whose schema cannot be
 * understood cannot be called: its problem says so.
 */
export function createArgumentReader(): ArgumentReader {
  let compiler: Promise<SchemaCompiler> | undefined;
  return {
    async read(tool, text) {
      const parsed = parse(text);
      if ("problem" in parsed) return parsed;
      compiler ??= import("./schema-compiler.ts").then((module) => module.createSchemaCompiler());
      const check = compile(await compiler, tool);
      if ("problem" in check) return check;
      const errors = check.errorsOf(parsed.value);
      if (errors.length === 0) return parsed;
      const lines = describeErrors(errors).map((line) => `\n- ${line}`);
      return { problem: `The arguments do not fit the tool "${tool.name}":${lines.join("")}` };
    },
  };
}

type Problem = { readonly problem: string };

function parse(text: string): { value: Record<string, unknown> } | Problem {
  if (text.trim() === "") return { value: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      problem: `The arguments are not valid JSON: ${findJsonFault(text) ?? messageOf(error)}`,
    };
  }
  if (isObject(value)) return { value };
  return { problem: `The arguments must be one JSON object, got ${shortJson(value)}` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function compile(compiler: SchemaCompiler, tool: ToolSpec): SchemaCheck | Problem {
  try {
    return compiler.compile(tool.parameters);
  } catch (error) {
    const why = messageOf(error);
    return {
      problem: `The tool "${tool.name}" cannot be called: its own schema is unusable (${why})`,
    };
  }
}
