import { realpathSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import type { Agent } from "@daphnia/protocol/agent";
import type { PermissionsConfig } from "@daphnia/protocol/config";
import type { Rule } from "@daphnia/protocol/permission";
import type { Session as Head } from "@daphnia/protocol/session";
import { invalidField, notFound } from "../base/errors.ts";
import { nearNames } from "../base/near.ts";
import { createJudge, type Judge } from "../core/permission/judge.ts";
import { isModeName, type ModeName, modeNames } from "../core/permission/modes.ts";
import { createRuleSet, type Layer, type RuleSet } from "../core/permission/rule-set.ts";
import type { Agents } from "../core/session/session-deps.ts";
import type { ArgumentReader, Claim, Place, Tool } from "../core/tool/tool.ts";
import { loadShellReader } from "../plugins/shell/shell-reader.ts";
import { systemDisk } from "../plugins/shell/system-disk.ts";
import type { CallOrder, Permissions } from "../services/approval-service.ts";

/** What agents may do, as config and agents say it now. */
export interface LivePermissions extends Permissions {
  judgeFor(agent: Agent, session: Pick<Head, "mode" | "roots" | "grants">): Judge;
  /** What a command line would touch. */
  claimsOf(command: string, place: Pick<Place, "cwd" | "roots">): Promise<readonly Claim[]>;
}

type Rules = readonly Rule[];

/** The tool that stands for a command line. */
const shellTool = "bash";

export function createPermissions(deps: {
  readonly config: () => PermissionsConfig | undefined;
  readonly agents: Agents;
  readonly tools: () => readonly Tool[];
  readonly closed: readonly string[];
  readonly arguments: ArgumentReader;
  /** Rules that people allowed for always. */
  readonly kept: () => readonly Rule[];
  /** What the folders of a session bring along. */
  readonly projectLayers: (roots: readonly string[]) => readonly Layer[];
  /** Whether commands run inside a working sandbox. */
  readonly isSandboxed: () => boolean;
  /** The same, once that was tried. */
  readonly trySandbox: () => Promise<boolean>;
}): LivePermissions {
  const { config, agents, tools, closed, kept, projectLayers, isSandboxed } = deps;
  const ground = { closed, home: realOr(homedir()), temp: realOr(tmpdir()) };

  function ruleSet(
    agent: Agent | undefined,
    mode: string,
    {
      owner = config()?.rules ?? [],
      session = [],
      projects = [],
    }: { owner?: Rules; session?: Rules; projects?: readonly Layer[] } = {},
  ): RuleSet {
    return createRuleSet(readMode(mode || agent?.mode || config()?.mode || "standard"), [
      { origin: "owner", rules: unnamed(owner) },
      { origin: "always", rules: kept() },
      ...projects.map((layer) => ({ ...layer, rules: unnamed(layer.rules) })),
      { origin: "agent", rules: unnamed(agent?.rules ?? []) },
      { origin: "session", rules: unnamed(session) },
    ]);
  }

  function agentNamed(name: string): Agent | undefined {
    const agent = name === "" ? undefined : agents.get(name);
    if (name !== "" && agent === undefined) {
      throw notFound("agent", name, nearNames(name, agents.names()));
    }
    return agent;
  }

  async function claimsOf(
    command: string,
    { cwd, roots }: Pick<Place, "cwd" | "roots">,
  ): Promise<readonly Claim[]> {
    const { home } = ground;
    const read = await loadShellReader();
    const findings = read(command, { cwd, home, roots, closed, disk: systemDisk });
    return findings.map(({ claim }) => claim);
  }

  async function claimsOfOrder(order: CallOrder): Promise<readonly Claim[]> {
    const { tool: name, roots, cwd } = order;
    if (name === shellTool) return claimsOf(commandOf(order.arguments), order);
    const tool = tools().find(({ spec }) => spec.name === name);
    if (tool === undefined) {
      throw notFound(
        "tool",
        name,
        nearNames(
          name,
          tools().map(({ spec }) => spec.name),
        ),
      );
    }
    const parsed = await deps.arguments.read(tool.spec, order.arguments);
    if ("problem" in parsed) throw invalidField("arguments", parsed.problem);
    const place = { sessionId: "", roots, closed, cwd, envPass: [], hasNetwork: false };
    return (await tool.claim(parsed.value, place)).claims;
  }

  /** The last judge made for an agent, and all that it was made of. */
  const judges = new WeakMap<
    Agent,
    { readonly parts: readonly unknown[]; readonly judge: Judge }
  >();

  function judgeFor(agent: Agent, session: Pick<Head, "mode" | "roots" | "grants">): Judge {
    const { mode, roots, grants } = session;
    const sandboxed = isSandboxed();
    const projects = projectLayers(roots);
    const parts = [config(), kept(), mode, grants, roots.join("\0"), sandboxed, projects];
    const last = judges.get(agent);
    if (last?.parts.every((part, i) => part === parts[i])) return last.judge;
    const set = ruleSet(agent, mode, { session: grants.flatMap(({ rules }) => rules), projects });
    const judge = createJudge(set, { ...ground, roots, isSandboxed: sandboxed });
    judges.set(agent, { parts, judge });
    return judge;
  }

  return {
    claimsOf,
    judgeFor,
    list: ({ mode, agent }) => ruleSet(agentNamed(agent), mode),
    async explain(order) {
      const { rules, roots } = order;
      const projects = projectLayers(roots);
      const layers = { projects, ...(rules && { owner: rules }) };
      const set = ruleSet(agentNamed(order.agent), order.mode, layers);
      const sandboxed = order.isSandboxed ?? (await deps.trySandbox());
      const judge = createJudge(set, { ...ground, roots, isSandboxed: sandboxed });
      return { mode: set.mode.name, judgement: judge(await claimsOfOrder(order), order.tool) };
    },
  };
}

/** Nobody names a rule: where it stands does. */
function unnamed(rules: Rules): Rules {
  return rules.map((rule) => ({ ...rule, name: "" }));
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
