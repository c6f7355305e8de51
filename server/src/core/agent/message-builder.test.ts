import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { UsageSchema } from "@daphnia/protocol/usage";
import type { Draft } from "../log/draft.ts";
import { createDraftTail } from "../log/draft-tail.ts";
import { createCounter } from "../log/testing/manual-clock.ts";
import { createMessageBuilder } from "./message-builder.ts";

/** A builder, and what it writes to its draft. */
function openBuilder() {
  const written: string[] = [];
  const draft: Draft = {
    ...{ draftId: "d", sessionId: "s", turnId: "t", step: 1, agent: "a", labels: {} },
    tail: createDraftTail(0),
    start: (part, { tool = "" }) => void written.push(`${part} starts ${tool}`.trim()),
    write: (part, text) => void written.push(`${part} ${text}`),
    waiting: () => 0,
    flushed: async () => {},
    cadence: () => new Uint8Array(),
  };
  return { builder: createMessageBuilder(() => draft, createCounter()), written };
}

const saidIn = ({ kind }: Part) => (kind.case === "toolCall" ? kind.value.arguments : kind.value);
const call = { kind: "start", of: "tool_call", providerCallId: "p", tool: "t" } as const;

describe("a message builder", () => {
  it("tells the draft of what a block's end adds to its pieces", () => {
    const { builder, written } = openBuilder();
    builder.add({ ...call, block: "a" });
    builder.add({ kind: "end", block: "a", text: "{}" });
    builder.add({ kind: "start", block: "b", of: "text" });
    builder.add({ kind: "piece", block: "b", text: "so" });
    builder.add({ kind: "end", block: "b", text: "so it is" });
    assert.deepEqual(written, ["0 starts t", "0 {}", "1 starts", "1 so", "1  it is"]);
    assert.deepEqual(builder.build().parts.map(saidIn), ["{}", "so it is"]);
  });

  it("keeps parts that did not stream in their place", () => {
    const { builder, written } = openBuilder();
    const url = "https://example.org";
    const part = create(PartSchema, { kind: { case: "source", value: { url } } });
    builder.add({ kind: "start", block: "a", of: "text" });
    builder.add({ kind: "part", part });
    builder.add({ kind: "start", block: "b", of: "text" });
    builder.add({ kind: "piece", block: "a", text: "one" });
    builder.add({ kind: "piece", block: "b", text: "two" });
    assert.deepEqual(written, ["0 starts", "2 starts", "0 one", "2 two"]);
    const [one, source, two] = builder.build().parts;
    assert.deepEqual([one?.kind.value, source, two?.kind.value], ["one", part, "two"]);
  });

  it("knows the tokens that were told last, and says nothing by them", () => {
    const { builder } = openBuilder();
    assert.equal(builder.spent(), undefined);
    for (const outputTokens of [1n, 7n]) {
      builder.add({ kind: "usage", usage: create(UsageSchema, { outputTokens }) });
    }
    assert.equal(builder.spent()?.usage.outputTokens, 7n);
    assert.equal(builder.isEmpty(), true);
  });
});
