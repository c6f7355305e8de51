import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RuleAction } from "@daphnia/protocol/permission";
import { createJudge, type Judgement } from "../src/core/permission/judge.ts";
import type { ModeName } from "../src/core/permission/modes.ts";
import { readRule } from "../src/core/permission/read-rule.ts";
import { createRuleSet } from "../src/core/permission/rule-set.ts";
import type { Disk, Scene } from "../src/plugins/shell/scene.ts";
import { loadShellReader } from "../src/plugins/shell/shell-reader.ts";

/** One line of a corpus. */
export interface ShellLine {
  readonly command: string;
  readonly expect: string;
  readonly expect_sandboxed?: string;
  readonly why: string;
  readonly group: string;
  readonly rules?: readonly { readonly action: string; readonly pattern: readonly string[] }[];
}

export function readCorpus(name: string): readonly ShellLine[] {
  const text = readFileSync(join(import.meta.dirname, "corpora", name), "utf8");
  // The corpora are ours: their tests would fail on any other shape.
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ShellLine);
}

const disk: Disk = { real: (path) => path, names: () => [], text: () => undefined };

/** The place that the corpora are about: nothing of it is there. */
export const scene: Scene = {
  cwd: "/w/app",
  home: "/home/u",
  roots: ["/w/app"],
  closed: ["/home/u/.daphnia"],
  disk,
};

export const actionName = (action: RuleAction) => RuleAction[action].toLowerCase();

/** Judges lines as the daemon does, without a daemon. */
export async function shellJudge(options: {
  readonly mode?: ModeName;
  readonly isSandboxed?: boolean;
  readonly rules?: ShellLine["rules"];
  readonly scene?: Scene;
}): Promise<(command: string) => Judgement> {
  const read = await loadShellReader();
  const rules = (options.rules ?? []).map(({ action, pattern }) => {
    const rule = readRule({ tool: "bash", action, argv: pattern });
    if (typeof rule === "string") throw new Error(rule);
    return rule;
  });
  const set = createRuleSet(options.mode ?? "standard", [{ origin: "owner", rules }]);
  const where = options.scene ?? scene;
  const ground = { ...where, temp: "/tmp", isSandboxed: options.isSandboxed ?? false };
  const judge = createJudge(set, ground);
  return (command) =>
    judge(
      read(command, where).map(({ claim }) => claim),
      "bash",
    );
}
