import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import { partsText } from "./part-text.ts";

const said = (...parts: MessageInitShape<typeof PartSchema>[]) =>
  partsText(parts.map((part) => create(PartSchema, part)));

describe("partsText", () => {
  it("links to the pages that an answer names, and names its documents", () => {
    const text = said(
      { kind: { case: "text", value: "Shrimps swim." } },
      { kind: { case: "source", value: { url: "https://example.org/a", title: "Shrimps" } } },
      { kind: { case: "source", value: { url: "https://example.org/b" } } },
      { kind: { case: "source", value: { fileName: "s.pdf", mediaType: "application/pdf" } } },
      { kind: { case: "source", value: { sourceId: "file-1" } } },
    );
    assert.equal(
      text,
      "Shrimps swim. [Shrimps](https://example.org/a) " +
        "[https://example.org/b](https://example.org/b) [source: s.pdf] [source: file-1]",
    );
  });

  it("says in a few words what only a provider understands, and how large it is", () => {
    const value = { provider: "openai", type: "tool-call web_search", data: new Uint8Array(12) };
    const kind = { case: "opaque", value } as const;
    assert.equal(said({ kind }), "[openai: tool-call web_search, 12 B]");
    const full = { digest: "d", size: 2_097_152n };
    assert.equal(said({ kind, full, elided: 9n }), "[openai: tool-call web_search, 2.0 MB]");
  });

  it("says how much of a call's arguments is elsewhere", () => {
    const value = { tool: "write_file", arguments: '{"path":"a"' };
    const part = { kind: { case: "toolCall", value } as const, elided: 2048n };
    assert.equal(said(part), 'write_file({"path":"a") [2.0 kB left out here]');
  });
});
