import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Agent, AgentSchema } from "@daphnia/protocol/agent";
import type { Tool as ToolSpec } from "@daphnia/protocol/tool";
import type { Agents } from "../core/session/session-deps.ts";
import type { Tool } from "../core/tool/tool.ts";

/** The agent that answers where nobody named one. */
export const defaultAgent = withRevision(
  create(AgentSchema, {
    name: "default",
    description: "Answers, and works in its folder.",
    instructions:
      "You are a helpful assistant that runs inside Daphnia, an agent daemon. Answer briefly and plainly. Use your tools to look at files before you speak about them, and to change them when you are asked to.",
    tools: ["*"],
  }),
);

/** Agents by name, as they are changed. */
export interface AgentsInForce extends Agents {
  /** In force for the next turn. */
  set(agent: Agent): void;
  /** A built-in agent that had been replaced is in force again, and answered. */
  remove(name: string): Agent | undefined;
}

export function createAgents(builtIn: readonly Agent[]): AgentsInForce {
  const byName = new Map(builtIn.map((agent) => [agent.name, agent]));
  return {
    get: (name) => byName.get(name),
    names: () => [...byName.keys()].sort(),
    set: (agent) => void byName.set(agent.name, agent),
    remove(name) {
      const original = builtIn.find((agent) => agent.name === name);
      if (original === undefined) byName.delete(name);
      else byName.set(name, original);
      return original;
    },
  };
}

/** The tools that an agent was granted, by name. */
export function toolsOf(agent: Agent, tools: readonly Tool[]): readonly Tool[] {
  return tools
    .filter(({ spec }) => isGranted(agent, spec))
    .toSorted((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}

/** A component's name grants all of its tools. */
export function isGranted({ tools }: Agent, { name, component }: ToolSpec): boolean {
  return ["*", name, ...(component === "" ? [] : [component])].some((grant) =>
    tools.includes(grant),
  );
}

/** The same agent with the hash of its definition: neither its file nor its etag count. */
export function withRevision(agent: Agent): Agent {
  const definition = { ...agent, revision: "", origin: "", etag: "" };
  const bytes = toBinary(AgentSchema, definition);
  return { ...agent, revision: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
}
