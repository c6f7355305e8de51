import { resolve } from "node:path";
import { RuleAction } from "@daphnia/protocol/permission";
import { createDialog, isSomebodyThere } from "../dialog.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { actionText, matchText, ruleJson } from "../rule-text.ts";
import { createScreen, type Screen } from "../screen.ts";
import { tableOf } from "../table.ts";
import { type Globals, type Target, targetOf } from "../target.ts";

export interface TrustOptions extends Globals {
  readonly yes?: boolean;
  readonly revoke?: boolean;
}

type Project = Awaited<ReturnType<Target["client"]["approvals"]["getProject"]>>;

/** Shows the rules that a folder brings along. */
export async function showProject(folder: string, options: Globals): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const project = await target.client.approvals.getProject({ folder: resolve(folder) });
  if (options.json) {
    const { contentHash, trusted, problem } = project;
    const rules = project.rules.map(ruleJson);
    screen.print(safeJson({ folder: resolve(folder), contentHash, trusted, problem, rules }, 2));
    return exitCodes.ok;
  }
  show(screen, project);
  return project.problem === "" ? exitCodes.ok : exitCodes.failed;
}

/** Lets the rules of a folder allow too, once a person has seen them; or not any more. */
export async function trustProject(folder: string, options: TrustOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const { approvals } = target.client;
  const path = resolve(folder);
  if (options.revoke) {
    await approvals.trustProject({ folder: path, contentHash: "" });
    screen.say(`the rules of ${oneLine(path)} are not trusted any more`);
    return exitCodes.ok;
  }
  const project = await approvals.getProject({ folder: path });
  show(screen, project);
  if (project.contentHash === "" || project.problem !== "") return exitCodes.failed;
  if (!options.yes && !(await isSure())) {
    screen.say("nothing was changed; --yes trusts without asking");
    return exitCodes.failed;
  }
  // What was shown: a file that changed meanwhile is not trusted.
  await approvals.trustProject({ folder: path, contentHash: project.contentHash });
  screen.say(`the rules of ${oneLine(path)} are trusted as they are now`);
  return exitCodes.ok;
}

function show(screen: Screen, project: Project): void {
  const { contentHash, rules, problem, trusted } = project;
  if (problem !== "" || contentHash === "") {
    screen.say(oneLine(problem || "it has no .daphnia/rules.toml"));
    return;
  }
  const counts = (action: RuleAction) => trusted || action !== RuleAction.ALLOW;
  const rows = rules.map((rule) => [
    actionText(rule.action),
    rule.tool || "*",
    matchText(rule),
    counts(rule.action) ? "counts" : "is ignored",
  ]);
  for (const line of tableOf(["ACTION", "TOOL", "WHAT", "NOW"], rows, screen.paint)) {
    screen.print(line);
  }
  screen.say(trusted ? "trusted as it is now" : "not trusted: it can only tighten");
}

async function isSure(): Promise<boolean> {
  if (!isSomebodyThere()) return false;
  const dialog = createDialog();
  try {
    const said = await dialog.ask("Trust these rules? [y/N] ", new AbortController().signal);
    return said?.toLowerCase() === "y";
  } finally {
    dialog.close();
  }
}
