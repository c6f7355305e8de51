import type { Agent } from "@daphnia/protocol/agent";
import type { Config } from "@daphnia/protocol/config";
import { nearHint } from "../base/near-hint.ts";
import type { Provider } from "../core/model/provider.ts";
import { createAgentFiles } from "../plugins/config/agent-files.ts";
import { tellMistake } from "../plugins/config/mistake.ts";
import type { ConfigFileReading } from "./config-state.ts";
import { type Found, fail, ok, warn } from "./finding.ts";
import type { Home } from "./home.ts";
import { defaultModel } from "./models.ts";

/** The config as it was read: each mistake, or how much it states. */
export function checkConfig({ statements, mistakes }: ConfigFileReading, home: Home): Found[] {
  if (mistakes.length > 0) {
    return mistakes.map((mistake) => fail("config", tellMistake(mistake), `edit ${home.config}`));
  }
  const count = statements.length;
  return [ok("config", count === 0 ? "all values are defaults" : `${count} keys are set`)];
}

/** The agents' files: each mistake, and what they name that is not there. */
export async function checkAgents(
  home: Home,
  known: { readonly tools: readonly string[]; readonly providers: readonly Provider[] },
): Promise<Found[]> {
  const files = await createAgentFiles(home.agents, "agents").read();
  const providers = known.providers.map(({ name }) => name);
  const found = files.flatMap(({ name, agent, mistakes }) => {
    const remedy = `edit ${home.agents}/${name}.md`;
    if (agent === undefined) {
      return mistakes.map((mistake) => fail("agents", tellMistake(mistake), remedy));
    }
    return strangersOf(agent, known.tools, providers).map((problem) =>
      warn("agents", `${agent.origin}: ${problem}`, remedy),
    );
  });
  const count = files.filter(({ agent }) => agent !== undefined).length;
  return found.length > 0 ? found : [ok("agents", `${count} from files, and the built-in default`)];
}

/** Which keys are set, and which model answers where nobody names one. */
export function checkModels(config: Config, providers: readonly Provider[]): Found[] {
  const keyed = providers.filter(({ keyVariables }) => keyVariables.length > 0);
  const variables = [...new Set(keyed.map(({ keyVariables }) => keyVariables[0] ?? ""))];
  const set = keyed.filter((provider) => provider.isConfigured()).map(({ name }) => name);
  const remedy = `set one of ${variables.join(", ")} where the daemon starts; \`daphnia demo\` works without`;
  const keys =
    set.length > 0
      ? ok("keys", `set for ${set.join(", ")}`)
      : warn("keys", "no provider's key is set", remedy);
  const name = defaultModel(providers, config.model?.default);
  if (name === "") return [keys, fail("model", "no model answers where nobody names one", remedy)];
  const prefix = name.slice(0, name.indexOf("/"));
  const provider = providers.find((candidate) => candidate.name === prefix);
  if (provider === undefined) {
    const names = providers.map((candidate) => candidate.name);
    const hint = nearHint(prefix, names) || `; there are ${names.join(", ")}`;
    const problem = `${name}: there is no provider "${prefix}"${hint}`;
    return [keys, fail("model", problem, "set DAPHNIA_MODEL or [model] default to another")];
  }
  if (provider.isConfigured()) return [keys, ok("model", name)];
  const missing = provider.keyVariables.join(" or ");
  return [keys, fail("model", `${name} needs a key`, `set ${missing} where the daemon starts`)];
}

function strangersOf(
  { tools, model }: Agent,
  knownTools: readonly string[],
  providers: readonly string[],
): string[] {
  const unknown = tools.filter((tool) => tool !== "*" && !knownTools.includes(tool));
  const problems = unknown.map((tool) => `there is no tool "${tool}"${nearHint(tool, knownTools)}`);
  const [prefix = ""] = model.split("/", 1);
  if (model === "" || providers.includes(prefix)) return problems;
  return [...problems, `there is no provider "${prefix}"${nearHint(prefix, providers)}`];
}
