import type { Tool } from "@daphnia/protocol/tool";
import type { ModelRequest } from "../../core/model/model.ts";
import { markCache } from "./cache-marks.ts";
import type { DialectTraits } from "./dialect-traits.ts";
import type { CallOptions, PromptTool } from "./language-model.ts";
import { toPrompt } from "./prompt.ts";

/** One call as the packages take it. */
export async function toCallOptions(
  request: ModelRequest,
  provider: string,
  traits: DialectTraits,
  signal: AbortSignal,
): Promise<CallOptions> {
  const prompt = await toPrompt(request, provider, traits);
  const tools = request.tools.map(toTool);
  if (traits.marksCache) markCache(prompt, tools);
  return {
    prompt,
    abortSignal: signal,
    providerOptions: traits.options,
    ...(tools.length > 0 ? { tools } : {}),
  };
}

function toTool({ name, description, parameters }: Tool): PromptTool {
  const inputSchema: PromptTool["inputSchema"] = JSON.parse(parameters);
  return { type: "function", name, inputSchema, ...(description === "" ? {} : { description }) };
}
