import { appendFile, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import type { Tool } from "../src/core/tool/tool.ts";

/** Tools that only the tests' daemon has: one that waits, and one whose effect can be counted. */
export const testTools: readonly Tool[] = [createWaitTool(), createAppendTool()];

function createWaitTool(): Tool {
  return {
    spec: create(ToolSchema, {
      name: "wait",
      description: "Waits.",
      parameters: '{"type":"object","properties":{"ms":{"type":"integer"}},"required":["ms"]}',
      readOnly: true,
    }),
    effect: "read_only",
    claim: async ({ ms }) => ({
      claims: [{ kind: "nothing" }],
      async run({ signal }) {
        await sleep(Number(ms), undefined, { signal });
        return { parts: [text(`waited ${ms} ms`)], isError: false };
      },
    }),
  };
}

function createAppendTool(): Tool {
  return {
    spec: create(ToolSchema, {
      name: "append",
      description: "Appends a line to a file.",
      parameters:
        '{"type":"object","properties":{"path":{"type":"string"},"line":{"type":"string"},"ms":{"type":"integer"}},"required":["path","line"]}',
    }),
    effect: "unsafe",
    async claim({ path, line, ms }, { cwd }) {
      const wanted = resolve(cwd, String(path));
      const target = join(await realpath(dirname(wanted)), basename(wanted));
      return {
        claims: [{ kind: "write", path: target }],
        async run({ signal }) {
          await appendFile(target, `${line}\n`);
          if (ms !== undefined) await sleep(Number(ms), undefined, { signal });
          return { parts: [text(`appended ${line}`)], isError: false };
        },
      };
    },
  };
}

function text(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}
