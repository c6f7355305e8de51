import type { CreateMessageRequest, CreateMessageResult } from "@modelcontextprotocol/client";
import type { RemoteCall } from "../../core/component/link.ts";

/** Has the agent's model answer a server, once a person has agreed. Only text is understood. */
export async function sample(
  { params }: CreateMessageRequest,
  call: RemoteCall,
): Promise<CreateMessageResult> {
  const messages = params.messages.map(({ role, content }) => {
    const blocks = Array.isArray(content) ? content : [content];
    const texts = blocks.map((block) => (block.type === "text" ? block.text : undefined));
    if (texts.includes(undefined)) throw new Error("only text can be sampled here");
    return { role, text: texts.join("\n") };
  });
  const answer = await call.sample({ system: params.systemPrompt ?? "", messages });
  if (answer === undefined) throw new Error("nobody agreed that the model is asked");
  return {
    role: "assistant",
    content: { type: "text", text: answer.text },
    model: answer.model,
    stopReason: "endTurn",
  };
}
