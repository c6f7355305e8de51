import { realpathSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import type { Agent } from "@daphnia/protocol/agent";
import type { PermissionsConfig } from "@daphnia/protocol/config";
import type { Rule } from "@daphnia/protocol/permission";
import { invalidField, notFound } from "../base/errors.ts";
import { nearNames } from "../base/near.ts";
import { createJudge, type Judge } from "../core/permission/judge.ts";
import { isModeName, type ModeName, modeNames } from "../core/permission/modes.ts";
import { createRuleSet, type RuleSet } from "../core/permission/rule-set.ts";
import type { Agents } from "../core/session/session-deps.ts";
import type { ArgumentReader, Claim, Tool } from "../core/tool/tool.ts";
import { loadShellReader } from "../plugins/shell/shell-reader.ts";
import { systemDisk } from "../plugins/shell/system-disk.ts";
import type { CallOrder, Permissions } from "../services/approval-service.ts";

/** What agents may do, as config and agents say it now. */
export interface LivePermissions extends Permissions {
  judgeFor(agent: Agent, session: { mode: string; roots: readonly string[] }): Judge;
}

/** The tool that stands for a command line. */
const shellTool = "bash";

export function createPermissions(deps: {
  readonly config: () => PermissionsConfig | undefined;
  readonly agents: Agents;
  readonly tools: readonly Tool[];
  readonly closed: readonly string[];
  readonly arguments: ArgumentReader;
}): LivePermissions {
  const { config, agents, tools, closed } = deps;
  const ground = { closed, home: realOr(homedir()), temp: realOr(tmpdir()) };

  function ruleSet(
    agent: Agent | undefined,
    mode: string,
    owner: readonly Rule[] = config()?.rules ?? [],
  ): RuleSet {
    return createRuleSet(readMode(mode || agent?.mode || config()?.mode || "standard"), [
      { origin: "owner", rules: owner },
      { origin: "agent", rules: agent?.rules ?? [] },
    ]);
  }

  function agentNamed(name: string): Agent | undefined {
    const agent = name === "" ? undefined : agents.get(name);
    if (name !== "" && agent === undefined) {
      throw notFound("agent", name, nearNames(name, agents.names()));
    }
    return agent;
  }

  async function claimsOf(order: CallOrder): Promise<readonly Claim[]> {
    const { tool: name, roots, cwd } = order;
    if (name === shellTool) {
      const { home } = ground;
      const read = await loadShellReader();
      const findings = read(commandOf(order.arguments), {
        cwd,
        home,
        roots,
        closed,
        disk: systemDisk,
      });
      return findings.map(({ claim }) => claim);
    }
    const tool = tools.find(({ spec }) => spec.name === name);
    if (tool === undefined) {
      const names = [...tools.map(({ spec }) => spec.name), shellTool];
      throw notFound("tool", name, nearNames(name, names));
    }
    const parsed = await deps.arguments.read(tool.spec, order.arguments);
    if ("problem" in parsed) throw invalidField("arguments", parsed.problem);
    const place = { sessionId: "", roots, closed, cwd };
    return (await tool.claim(parsed.value, place)).claims;
  }

  return {
    judgeFor: (agent, { mode, roots }) =>
      createJudge(ruleSet(agent, mode), { ...ground, roots, isSandboxed: false }),
    list: ({ mode, agent }) => ruleSet(agentNamed(agent), mode),
    async explain(order) {
      const set = ruleSet(agentNamed(order.agent), order.mode, order.rules);
      const { roots, isSandboxed } = order;
      const judge = createJudge(set, { ...ground, roots, isSandboxed });
      return { mode: set.mode.name, judgement: judge(await claimsOf(order), order.tool) };
    },
  };
}

function readMode(name: string): ModeName {
  if (isModeName(name)) return name;
  const [near] = nearNames(name, modeNames);
  const hint = near === undefined ? `one of ${modeNames.join(", ")}` : `did you mean ${near}?`;
  throw invalidField("mode", `there is no mode "${name}"; ${hint}`);
}

function commandOf(text: string): string {
  const value: unknown = readJson(text);
  const isCall = typeof value === "object" && value !== null && "command" in value;
  if (isCall && typeof value.command === "string") return value.command;
  throw invalidField("arguments", 'must be JSON such as {"command": "ls"}');
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // whoever asks says what it must be
  }
}

/** A folder that is not there cannot be a link elsewhere. */
function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
