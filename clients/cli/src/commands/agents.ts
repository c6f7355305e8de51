import { toJson } from "@bufbuild/protobuf";
import { type Agent, AgentSchema } from "@daphnia/protocol/agent";
import { oneLine, plain, safeJson, shortened } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { createScreen } from "../screen.ts";
import { tableOf } from "../table.ts";
import { type Globals, type Target, targetOf } from "../target.ts";

/** Lists the agents in force, or shows one. */
export async function agents(name: string | undefined, options: Globals): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  if (name !== undefined) {
    const { agent } = await target.client.agents.getAgent({ name });
    if (agent === undefined) throw new Error("the daemon answered without an agent");
    if (options.json) screen.print(safeJson(toJson(AgentSchema, agent), 2));
    else for (const line of agentLines(agent)) screen.print(line);
    return exitCodes.ok;
  }
  const all = await allAgents(target);
  if (options.json) {
    screen.print(safeJson({ agents: all.map((agent) => toJson(AgentSchema, agent)) }, 2));
  } else {
    const rows = all.map(({ name, model, tools, origin, description }) =>
      [name, model || "the default", tools.join(" "), origin || "built in", description].map(
        (cell) => shortened(oneLine(cell), 50),
      ),
    );
    const heading = ["AGENT", "MODEL", "TOOLS", "FROM", "DESCRIPTION"];
    for (const line of tableOf(heading, rows, screen.paint)) screen.print(line);
  }
  return exitCodes.ok;
}

async function allAgents({ client }: Target): Promise<Agent[]> {
  const all: Agent[] = [];
  for (let pageToken = ""; ; ) {
    const page = await client.agents.listAgents({ pageToken });
    all.push(...page.agents);
    pageToken = page.nextPageToken;
    if (pageToken === "") return all;
  }
}

function agentLines(agent: Agent): string[] {
  const facts: readonly (readonly [string, string])[] = [
    ["agent", agent.name],
    ["about", agent.description],
    ["model", agent.model || "the default"],
    ["tools", agent.tools.join(" ")],
    ["steps", agent.maxSteps === 0 ? "" : `at most ${agent.maxSteps}`],
    ["from", agent.origin || "built in"],
    ["revision", agent.revision],
  ];
  const head = facts.filter(([, value]) => value !== "");
  return [
    ...head.map(([key, value]) => `${key.padEnd(8)} ${oneLine(value)}`),
    "",
    plain(agent.instructions),
  ];
}
