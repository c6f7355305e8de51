import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { PartSchema, Role } from "@daphnia/protocol/message";
import { dialectTraits } from "./dialect-traits.ts";
import { opaquePart } from "./opaque-part.ts";
import { toPrompt } from "./prompt.ts";
import { encodeProviderData } from "./provider-data.ts";
import { sourcePart } from "./source-part.ts";
import {
  assistant,
  call,
  message,
  requestOf,
  results,
  text,
  thinking,
  user,
} from "./testing/model-request.ts";

const { anthropic, compatible } = dialectTraits;
const metadata = { anthropic: { signature: "s" } };
const signed = encodeProviderData({ provider: "anthropic", metadata });

describe("a prompt", () => {
  it("joins messages of one role that follow each other, and leaves out what is empty", async () => {
    const messages = [user("one"), user("two", " "), assistant(text("")), user("three")];
    assert.deepEqual(await toPrompt(requestOf(messages), "anthropic", anthropic), [
      { role: "system", content: "You are a test." },
      {
        role: "user",
        content: ["one", "two", "three"].map((value) => ({ type: "text", text: value })),
      },
    ]);
  });

  it("sends thinking back to whom it came from, with its signature, and to nobody else", async () => {
    const said = assistant(thinking("hm", signed), thinking("", signed), text("so"));
    const request = requestOf([user("go"), said], { system: "" });
    const [, own] = await toPrompt(request, "anthropic", anthropic);
    assert.deepEqual(own?.content, [
      { type: "reasoning", text: "hm", providerOptions: metadata },
      { type: "reasoning", text: "", providerOptions: metadata },
      { type: "text", text: "so" },
    ]);
    const [, other] = await toPrompt(request, "ollama", compatible);
    assert.deepEqual(other?.content, [{ type: "text", text: "so" }]);
  });

  it("names calls and results by the provider's id, by ours where its form is another's", async () => {
    const calls = [
      call({ callId: "call-1", providerCallId: "toolu_1", tool: "a", arguments: '{"n":1.0}' }),
      call({ callId: "call-2", providerCallId: "functions.b:0", tool: "b", arguments: "" }),
      call({ callId: "call-3", tool: "c", arguments: '{"cut":' }),
      call({ callId: "call-4", tool: "d", arguments: "[1]" }),
    ];
    const answers = results(
      { callId: "call-1", said: "fine" },
      { callId: "call-2", said: "no", isError: true },
    );
    const request = requestOf([user("go"), assistant(...calls), answers], { system: "" });
    const [, asked, answered] = await toPrompt(request, "anthropic", anthropic);
    assert.deepEqual(asked?.content, [
      { type: "tool-call", toolCallId: "toolu_1", toolName: "a", input: '{"n":1.0}' },
      { type: "tool-call", toolCallId: "call-2", toolName: "b", input: {} },
      {
        type: "tool-call",
        toolCallId: "call-3",
        toolName: "c",
        input: { invalid_arguments: '{"cut":' },
      },
      {
        type: "tool-call",
        toolCallId: "call-4",
        toolName: "d",
        input: { invalid_arguments: "[1]" },
      },
    ]);
    const [fine, no] = answered?.content ?? [];
    assert.deepEqual(fine, {
      type: "tool-result",
      toolCallId: "toolu_1",
      toolName: "a",
      output: { type: "text", value: "fine" },
    });
    assert.deepEqual(no, {
      type: "tool-result",
      toolCallId: "call-2",
      toolName: "b",
      output: { type: "error-text", value: "no" },
    });
  });

  it("carries files as bytes or as text, and says so where it can do neither", async () => {
    const bytes = new TextEncoder().encode("hello");
    const files = ["image/png", "text/markdown", "application/zip"].map((mediaType) =>
      create(PartSchema, {
        kind: { case: "blob", value: { digest: "d", mediaType, size: 5n, name: "a" } },
      }),
    );
    const blob = async () => bytes;
    const request = requestOf([message(Role.USER, files)], { system: "", blob });
    const [asked] = await toPrompt(request, "anthropic", anthropic);
    assert.deepEqual(asked?.content, [
      { type: "file", mediaType: "image/png", filename: "a", data: { type: "data", data: bytes } },
      { type: "text", text: "[file a, text/markdown]\nhello" },
      { type: "text", text: "[file a, application/zip, 5 bytes: not readable for you]" },
    ]);
  });

  it("gives opaque parts back to their provider, in their place, and sources to nobody", async () => {
    const kept = [
      { type: "tool-call", toolCallId: "w", toolName: "web", input: "{}", providerExecuted: true },
      { type: "tool-result", toolCallId: "w", toolName: "web", result: [1] },
      { type: "custom", kind: "anthropic.fallback" },
      { type: "file", mediaType: "image/png", data: { type: "data", data: "AAEC" } },
    ] as const;
    const source = {
      type: "source",
      sourceType: "url",
      id: "s",
      url: "https://example.org",
    } as const;
    const parts = [
      ...kept.map((part) => opaquePart(part, "anthropic")),
      sourcePart(source, "anthropic"),
    ].flatMap((read) => (read.kind === "part" ? [read.part] : []));
    const request = requestOf([user("go"), assistant(...parts, text("so"))], { system: "" });
    const [, own] = await toPrompt(request, "anthropic", anthropic);
    assert.deepEqual(own?.content, [
      { type: "tool-call", toolCallId: "w", toolName: "web", input: {}, providerExecuted: true },
      {
        type: "tool-result",
        toolCallId: "w",
        toolName: "web",
        output: { type: "json", value: [1] },
      },
      { type: "custom", kind: "anthropic.fallback" },
      { type: "file", mediaType: "image/png", data: { type: "data", data: "AAEC" } },
      { type: "text", text: "so" },
    ]);
    const [, other] = await toPrompt(request, "openai", dialectTraits["openai-responses"]);
    assert.deepEqual(other?.content, [{ type: "text", text: "so" }]);
  });
});
