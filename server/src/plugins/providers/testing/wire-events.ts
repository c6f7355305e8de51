import type { Dialect } from "../provider-table.ts";

/** The first events of an answer that says "Hello" and has more to say. */
export function helloEvents(dialect: Dialect): readonly string[] {
  return events[dialect].map((event) => JSON.stringify(event));
}

const events: Readonly<Record<Dialect, readonly object[]>> = {
  anthropic: [
    {
      type: "message_start",
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "m",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
  ],
  "openai-responses": [
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { type: "message", id: "msg_1", role: "assistant", content: [], status: "in_progress" },
    },
    {
      type: "response.output_text.delta",
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      delta: "Hello",
    },
  ],
  "openai-chat": [chatChunk({ role: "assistant", content: "Hello" })],
  compatible: [chatChunk({ role: "assistant", content: "Hello" })],
  google: [{ candidates: [{ content: { role: "model", parts: [{ text: "Hello" }] }, index: 0 }] }],
  "google-interactions": [
    { event_type: "interaction.created", interaction: { id: "i", status: "in_progress" } },
    { event_type: "step.start", index: 0, step: { type: "model_output" } },
    { event_type: "step.delta", index: 0, delta: { type: "text", text: "Hello" } },
  ],
};

function chatChunk(delta: object): object {
  const choices = [{ index: 0, delta, finish_reason: null }];
  return { id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices };
}
