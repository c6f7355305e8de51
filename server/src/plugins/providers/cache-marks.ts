import type { Prompt, PromptTool, ProviderMetadata } from "./language-model.ts";

/** Blocks before a mark that the provider searches for an earlier cached end. */
const lookBack = 20;

const mark: ProviderMetadata = { anthropic: { cacheControl: { type: "ephemeral" } } };

/**
 * Marks up to where a provider should cache: the tools, the system text, and the
 * end. One step that adds more blocks than the provider looks back marks the end
 * before it as well. Never more than the four marks that are allowed; a mark that
 * moves is not part of what is compared.
 */
export function markCache(prompt: Prompt, tools: PromptTool[]): void {
  const lastTool = tools.at(-1);
  if (lastTool !== undefined) lastTool.providerOptions = mark;
  const [first] = prompt;
  if (first?.role === "system") first.providerOptions = mark;
  const last = prompt.length - 1;
  markAt(prompt, last);
  const before = prompt.findLastIndex(({ role }, at) => at < last && isAsked(role));
  const added = prompt.slice(before + 1).reduce((sum, { content }) => sum + content.length, 0);
  if (before >= 0 && added > lookBack) markAt(prompt, before);
}

function markAt(prompt: Prompt, index: number): void {
  const message = prompt[index];
  if (message !== undefined && isAsked(message.role)) message.providerOptions = mark;
}

/** Whether a request can end with a message of this role. */
function isAsked(role: Prompt[number]["role"]): boolean {
  return role === "user" || role === "tool";
}
