import type { ServiceImpl } from "@connectrpc/connect";
import type { Agent } from "@daphnia/protocol/agent";
import { AgentService } from "@daphnia/protocol/agent_service";
import type { Tool } from "@daphnia/protocol/tool";
import { DaemonError, invalidField, notFound } from "../base/errors.ts";
import { idRule, isId } from "../base/ids.ts";
import { nearNames } from "../base/near.ts";
import { formatCursor } from "../core/log/cursor.ts";
import type { Log } from "../core/log/log.ts";
import type { Provider } from "../core/model/provider.ts";
import type { Command } from "../core/session/command.ts";
import type { Agents } from "../core/session/session-deps.ts";
import { callerOf } from "./caller.ts";
import type { Once } from "./once.ts";
import { pageByName } from "./page-by-name.ts";
import { milliseconds, required } from "./read-fields.ts";

/** Changes agents by their files. */
export interface AgentWriter {
  /** The agent as its file says it now. */
  put(agent: Agent, command: Command<Agent>): Promise<Agent>;
  /** Empty `etag`: whatever it says. */
  delete(name: string, etag: string, command: Command<undefined>): Promise<void>;
  /** What is wrong with an agent's file; undefined where nothing is. */
  problemOf(name: string): string | undefined;
}

export interface AgentServiceDeps {
  readonly agents: Agents;
  readonly agentWriter: AgentWriter;
  readonly providers: () => readonly Provider[];
  readonly toolSpecs: () => readonly Tool[];
  /** Names of components, which grant all of their tools. */
  readonly componentNames: () => readonly string[];
  readonly defaultModel: () => string;
  readonly log: Log;
  readonly once: Once;
}

export function agentService(deps: AgentServiceDeps): ServiceImpl<typeof AgentService> {
  const { agents, agentWriter, log, once } = deps;
  const { method } = AgentService;
  const now = () => formatCursor(log.id, log.head());
  return {
    listAgents(request) {
      const all = agents.names().flatMap((name) => agents.get(name) ?? []);
      const { items, nextPageToken } = pageByName(all, ({ name }) => name, request);
      return { agents: items, nextPageToken, cursor: now() };
    },
    getAgent: ({ name }) => ({ agent: find(required("name", name), deps), cursor: now() }),
    async putAgent(request, { values }) {
      const agent = readAgent(request.agent, deps);
      const { answer, cursor } = await once(method.putAgent, request, {
        by: callerOf(values).principal,
        run: (command: Command<Agent>) => agentWriter.put(agent, command),
        answer: (made) => ({ agent: made }),
      });
      return { ...answer, cursor };
    },
    async deleteAgent(request, { values }) {
      const name = required("name", request.name);
      const { cursor } = await once(method.deleteAgent, request, {
        by: callerOf(values).principal,
        run: async (command: Command<undefined>) => {
          await agentWriter.delete(name, request.etag, command);
          return undefined;
        },
        answer: () => ({}),
      });
      return { cursor };
    },
    async listModels(request) {
      const page = pageByName(deps.providers(), ({ name }) => name, request);
      const providers = await Promise.all(
        page.items.map(async (provider) => ({
          name: provider.name,
          configured: provider.isConfigured(),
          keyVariables: [...provider.keyVariables],
          defaultModel: provider.defaultModel,
          models: [...(await provider.list())],
        })),
      );
      const { nextPageToken } = page;
      return { providers, defaultModel: deps.defaultModel(), nextPageToken, cursor: now() };
    },
    listTools(request) {
      const { items, nextPageToken } = pageByName(deps.toolSpecs(), ({ name }) => name, request);
      return { tools: items, nextPageToken, cursor: now() };
    },
  };
}

function find(name: string, { agents, agentWriter }: AgentServiceDeps): Agent {
  const agent = agents.get(name);
  if (agent !== undefined) return agent;
  const problem = agentWriter.problemOf(name);
  const unknown = notFound("agent", name, nearNames(name, agents.names()));
  if (problem === undefined) throw unknown;
  const message = `agent "${name}" cannot be used: ${problem}`;
  throw new DaemonError("not_found", message, unknown.detail);
}

/** The agent that a write asks for; refuses one whose file could not be read again. */
function readAgent(agent: Agent | undefined, deps: AgentServiceDeps): Agent {
  if (agent === undefined) throw invalidField("agent", "must be given");
  if (!isId(agent.name)) throw invalidField("agent.name", `must be ${idRule}, got "${agent.name}"`);
  if (agent.instructions.trim() === "") {
    throw invalidField("agent.instructions", "must not be empty");
  }
  if (agent.maxSteps > 10_000) {
    throw invalidField("agent.max_steps", `must be at most 10000, got ${agent.maxSteps}`);
  }
  checkTools(agent.tools, deps);
  checkModel(agent.model, deps);
  const wrong = agent.envPass.find((name) => !/^[A-Za-z_]\w*$/.test(name));
  if (wrong !== undefined) {
    throw invalidField("agent.env_pass", `must name environment variables, got "${wrong}"`);
  }
  const { approvalTimeout } = agent;
  if (approvalTimeout) milliseconds("agent.approval_timeout", approvalTimeout, 0, longestApproval);
  return agent;
}

/** The longest that an approval may wait, in milliseconds. */
const longestApproval = 720 * 60 * 60_000;

function checkTools(
  names: readonly string[],
  { toolSpecs, componentNames }: AgentServiceDeps,
): void {
  const known = [...toolSpecs().map(({ name }) => name), ...componentNames()];
  const unknown = names.find((name) => name !== "*" && !known.includes(name));
  if (unknown !== undefined) throw unknownName("agent.tools", "tool", unknown, known);
}

function checkModel(model: string, { providers }: AgentServiceDeps): void {
  if (model === "") return;
  const [, provider] = /^([^/\s]+)\/\S+$/.exec(model) ?? [];
  if (provider === undefined) {
    throw invalidField("agent.model", `must be provider/model, got "${model}"`);
  }
  const known = providers().map(({ name }) => name);
  if (!known.includes(provider)) throw unknownName("agent.model", "provider", provider, known);
}

function unknownName(field: string, what: string, name: string, known: readonly string[]) {
  const near = nearNames(name, known);
  const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : `one of ${known.join(", ")}`;
  return invalidField(field, `there is no ${what} "${name}"; ${hint}`);
}
