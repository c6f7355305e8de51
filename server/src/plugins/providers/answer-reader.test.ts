import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ModelPart } from "../../core/model/model.ts";
import { createAnswerReader } from "./answer-reader.ts";
import type { StreamPart } from "./language-model.ts";

function read(...parts: StreamPart[]): ModelPart[] {
  const reader = createAnswerReader("p");
  const content = parts.flatMap((part) => [...reader.read(part)]);
  return [...content, ...reader.rest()];
}

/** Provider data as JSON again. */
function shown(parts: readonly ModelPart[]): unknown[] {
  const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
  return parts.map((part) => {
    if (part.kind === "part") return [part.part.kind.value, decode(part.part.providerData)];
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

  it("does not ask the daemon for what the provider ran itself, and keeps it", () => {
    const run = { ...call, input: "{}", providerExecuted: true } as const;
    const result = { type: "tool-result", toolCallId: "c", toolName: "t", result: "r" } as const;
    const said = read(run, result, { type: "text-start", id: "0" }, { type: "text-end", id: "0" });
    assert.deepEqual(shown(said), [
      { kind: "start", block: "text:0", of: "text" },
      { kind: "end", block: "text:0", providerData: { provider: "p", before: [run, result] } },
    ]);
  });

  it("keeps a part of an unknown kind in an empty text when nothing follows it", () => {
    assert.deepEqual(shown(read(fallback)), [["", { provider: "p", before: [fallback] }]]);
  });

  it("says that a part was too long to keep", () => {
    const data = { type: "data", data: "A".repeat(100_000) } as const;
    const [notice] = read({ type: "file", mediaType: "image/png", data });
    assert.ok(notice?.kind === "part");
    assert.match(
      String(notice.part.kind.value),
      /^\[the model sent a file \(image\/png\) of \d+ bytes, which was not kept\]$/,
    );
  });

  it("ends what a broken stream left open", () => {
    const said = read(
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "so" },
    );
    assert.deepEqual(said.at(-1), { kind: "end", block: "text:0" });
  });
});
