import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PartSchema, SourceSchema } from "@daphnia/protocol/message";
import type { ModelPart } from "../../core/model/model.ts";
import { createAnswerReader } from "./answer-reader.ts";
import type { StreamPart } from "./language-model.ts";
import { encodeProviderData } from "./provider-data.ts";

function read(...parts: StreamPart[]): ModelPart[] {
  const reader = createAnswerReader("p");
  const content = parts.flatMap((part) => [...reader.read(part)]);
  return [...content, ...reader.rest()];
}

/** Provider data and opaque parts as JSON again. */
function shown(parts: readonly ModelPart[]): unknown[] {
  const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
  return parts.map((part) => {
    if (part.kind === "part" && part.part.kind.case === "opaque") {
      const { provider, type, data } = part.part.kind.value;
      return { provider, type, data: decode(data) };
    }
    if (part.kind !== "end" || part.providerData === undefined) return part;
    return { ...part, providerData: decode(part.providerData) };
  });
}

const fallback = { type: "custom", kind: "x.fallback" } as const;
const call = { type: "tool-call", toolCallId: "c", toolName: "t" } as const;

describe("an answer", () => {
  it("keeps the signatures that pieces of thinking bring", () => {
    const said = read(
      { type: "reasoning-start", id: "0", providerMetadata: { a: { item: 1 } } },
      { type: "reasoning-delta", id: "0", delta: "hm" },
      { type: "reasoning-delta", id: "0", delta: "", providerMetadata: { a: { signature: "s" } } },
      { type: "reasoning-end", id: "0" },
    );
    assert.deepEqual(shown(said), [
      { kind: "start", block: "thinking:0", of: "thinking" },
      { kind: "piece", block: "thinking:0", text: "hm" },
      {
        kind: "end",
        block: "thinking:0",
        providerData: { provider: "p", metadata: { a: { item: 1, signature: "s" } } },
      },
    ]);
  });

  it("starts and ends a call that arrives whole", () => {
    assert.deepEqual(read({ ...call, input: "{}" }), [
      { kind: "start", block: "tool_call:c", of: "tool_call", providerCallId: "c", tool: "t" },
      { kind: "piece", block: "tool_call:c", text: "{}" },
      { kind: "end", block: "tool_call:c" },
    ]);
  });

  it("keeps a call's arguments as they streamed, and tells them where none did", () => {
    const start = { type: "tool-input-start", id: "c", toolName: "t" } as const;
    const streamed = { type: "tool-input-delta", id: "c", delta: '{"n": 1.0}' } as const;
    const [, , end] = read(start, streamed, { ...call, input: '{"n":1}' });
    assert.deepEqual(end, { kind: "end", block: "tool_call:c" });
    const [, empty] = read(start, { ...call, input: "{}" });
    assert.deepEqual(empty, { kind: "end", block: "tool_call:c", text: "{}" });
  });

  it("tells bare text as an argument when it has become JSON, and not before", () => {
    const start = { type: "tool-input-start", id: "c", toolName: "t" } as const;
    const streamed = { type: "tool-input-delta", id: "c", delta: "SELECT 1" } as const;
    const said = read({ ...start, inputEncoding: "text" }, streamed, {
      ...call,
      input: '"SELECT 1"',
    });
    assert.deepEqual(said, [
      { kind: "start", block: "tool_call:c", of: "tool_call", providerCallId: "c", tool: "t" },
      { kind: "end", block: "tool_call:c", text: '"SELECT 1"' },
    ]);
  });

  it("does not ask the daemon for what the provider ran itself, and keeps it in its place", () => {
    const run = { ...call, input: "{}", providerExecuted: true } as const;
    const result = { type: "tool-result", toolCallId: "c", toolName: "t", result: "r" } as const;
    const said = read(
      run,
      { type: "text-start", id: "0" },
      result,
      { type: "text-end", id: "0" },
      fallback,
    );
    assert.deepEqual(shown(said), [
      { provider: "p", type: "tool-call t", data: run },
      { kind: "start", block: "text:0", of: "text" },
      { provider: "p", type: "tool-result t", data: result },
      { kind: "end", block: "text:0" },
      { provider: "p", type: "x.fallback", data: fallback },
    ]);
  });

  it("keeps a file of any size whole, its bytes as base64", () => {
    const data = { type: "data", data: "A".repeat(100_000) } as const;
    const file = { type: "file", mediaType: "image/png", data } as const;
    const bytes = { ...data, data: new Uint8Array([0, 1, 2]) };
    assert.deepEqual(shown(read(file, { ...file, data: bytes })), [
      { provider: "p", type: "file image/png", data: file },
      {
        provider: "p",
        type: "file image/png",
        data: { ...file, data: { type: "data", data: "AAEC" } },
      },
    ]);
  });

  it("names its sources, pages and documents", () => {
    const page = {
      type: "source",
      sourceType: "url",
      id: "1",
      url: "https://example.org",
    } as const;
    const about = { mediaType: "application/pdf", title: "Shrimps" };
    const metadata = { a: { citedText: "so" } };
    const said = read(page, {
      ...{ type: "source", sourceType: "document", id: "2", ...about },
      filename: "s.pdf",
      providerMetadata: metadata,
    });
    const part = (value: MessageInitShape<typeof SourceSchema>, providerData?: Uint8Array) =>
      create(PartSchema, {
        kind: { case: "source", value: create(SourceSchema, value) },
        ...(providerData && { providerData }),
      });
    assert.deepEqual(said, [
      { kind: "part", part: part({ sourceId: "1", url: "https://example.org" }) },
      {
        kind: "part",
        part: part(
          { sourceId: "2", ...about, fileName: "s.pdf" },
          encodeProviderData({ provider: "p", metadata }),
        ),
      },
    ]);
  });

  it("counts the tokens that are told before the answer, which say nothing", () => {
    const reader = createAnswerReader("p");
    const usage = { input_tokens: 3, output_tokens: 1, cache_read_input_tokens: 5 };
    const kind = "anthropic.message_start";
    const start: StreamPart = {
      type: "custom",
      kind,
      providerMetadata: { anthropic: { usage, id: "m", model: "x" } },
    };
    assert.deepEqual([...reader.read(start)], []);
    assert.equal(reader.told.hasContent, false);
    const { inputTokens, outputTokens, cacheReadTokens } = reader.told.usage ?? {};
    assert.deepEqual([inputTokens, outputTokens, cacheReadTokens], [8n, 1n, 5n]);
  });

  it("ends what a broken stream left open", () => {
    const said = read(
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "so" },
    );
    assert.deepEqual(said.at(-1), { kind: "end", block: "text:0" });
  });
});
