import type { Agent } from "@daphnia/protocol/agent";
import type { Place } from "../tool/tool.ts";

/**
 * What the model is told first. It depends on the agent and the session's folders
 * alone, so that a provider's cache finds it again.
 */
export function systemPrompt(agent: Agent, place: Place): string {
  const folders =
    place.roots.length === 0
      ? "You may not touch any folder."
      : `Working folder: ${place.cwd}\nFolders you may read: ${place.roots.join(", ")}`;
  return [agent.instructions.trim(), folders].filter((text) => text !== "").join("\n\n");
}
