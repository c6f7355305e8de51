/** A message as Anthropic's format has it, as far as calls and results go. */
interface Message {
  readonly role: string;
  readonly content: string | readonly Block[];
}

type Block =
  | { readonly type: "tool_use"; readonly id: string }
  | { readonly type: "tool_result"; readonly tool_use_id: string }
  | { readonly type: "text" };

/**
 * Why Anthropic would refuse a request for its calls and results: each call has
 * one result, in the message right behind it, and no result is without a call.
 * Undefined when it would not.
 */
export function pairingProblem(body: Buffer): string | undefined {
  const { messages }: { messages: readonly Message[] } = JSON.parse(body.toString());
  let open: readonly string[] = [];
  for (const [i, { role, content }] of messages.entries()) {
    const blocks = typeof content === "string" ? [] : content;
    const results = blocks.flatMap((block) =>
      block.type === "tool_result" ? [block.tool_use_id] : [],
    );
    const missing = open.filter((id) => !results.includes(id));
    if (missing.length > 0) return `messages.${i}: no tool_result for ${missing.join(", ")}`;
    const foreign = results.filter((id) => !open.includes(id));
    if (foreign.length > 0) return `messages.${i}: tool_result without a call: ${foreign}`;
    if (new Set(results).size < results.length) return `messages.${i}: a result is doubled`;
    if (results.length > 0 && role !== "user") return `messages.${i}: ${role} gives results`;
    open = blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
    if (new Set(open).size < open.length) return `messages.${i}: an id is used twice`;
  }
  return open.length > 0 ? `the last calls have no result: ${open.join(", ")}` : undefined;
}
