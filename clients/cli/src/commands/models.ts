import { toJson } from "@bufbuild/protobuf";
import { type ModelProvider, ModelProviderSchema } from "@daphnia/protocol/agent_service";
import { Complaint } from "../complaint.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { createScreen } from "../screen.ts";
import { tableOf } from "../table.ts";
import { type Globals, type Target, targetOf } from "../target.ts";

/** Lists who serves models, or the models that are known of one. */
export async function models(provider: string | undefined, options: Globals): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const { providers, defaultModel } = await allProviders(target);
  const chosen = provider === undefined ? providers : [named(provider, providers)];
  if (options.json) {
    const list = chosen.map((one) => toJson(ModelProviderSchema, one));
    screen.print(safeJson({ providers: list, defaultModel }, 2));
  } else if (provider !== undefined) {
    for (const { name, models } of chosen) {
      for (const model of models) screen.print(oneLine(`${name}/${model}`));
    }
  } else {
    const heading = ["PROVIDER", "KEY", "ITS DEFAULT", "KNOWN"];
    for (const line of tableOf(heading, chosen.map(rowOf), screen.paint)) screen.print(line);
    const who = defaultModel === "" ? "none, for no key is set" : oneLine(defaultModel);
    screen.say(screen.tint("dim", `the default model: ${who}`));
  }
  return exitCodes.ok;
}

function rowOf({ name, configured, keyVariables, defaultModel, models }: ModelProvider): string[] {
  const missing = keyVariables.length === 0 ? "not set up" : `set ${keyVariables.join(" or ")}`;
  const needed = keyVariables.length === 0 ? "needs none" : "set";
  const key = configured ? needed : missing;
  return [name, key, defaultModel, String(models.length)].map(oneLine);
}

async function allProviders({ client }: Target) {
  const providers: ModelProvider[] = [];
  for (let pageToken = ""; ; ) {
    const page = await client.agents.listModels({ pageToken });
    providers.push(...page.providers);
    pageToken = page.nextPageToken;
    if (pageToken === "") return { providers, defaultModel: page.defaultModel };
  }
}

function named(name: string, providers: readonly ModelProvider[]): ModelProvider {
  const found = providers.find((one) => one.name === name);
  if (found !== undefined) return found;
  const all = providers.map((one) => one.name).join(", ");
  throw new Complaint(exitCodes.failed, `there is no provider "${name}"`, `there are ${all}`);
}
