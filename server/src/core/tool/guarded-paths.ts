import { compilePath } from "./path-pattern.ts";

/** Files that no tool changes, in whatever mode and whoever allows it. */
export interface Guard {
  readonly name: string;
  /** Patterns of real paths, in whatever case. */
  readonly paths: readonly string[];
  /** In words that go on after the path. */
  readonly why: string;
}

/** Below `.git`: what git runs, or reads what to run from. */
export const guardedInGit: readonly string[] = [
  "hooks/**",
  "config",
  "config.worktree",
  "commondir",
  "info/attributes",
  "modules/**/hooks/**",
  "modules/**/config",
];

/** A project's folder of what an agent may do. */
export const agentFolder = ".daphnia";

/** The one list: rules deny them, file tools look again, and the sandbox mounts them to be read only. */
export const guards: readonly Guard[] = [
  {
    name: "git-runs",
    paths: guardedInGit.map((path) => `**/.git/${path}`),
    why: "is run by git, and no agent changes it",
  },
  {
    name: "agent-files",
    paths: [`**/${agentFolder}/**`],
    why: "holds what an agent may do, and no agent changes it",
  },
];

/** Why no tool ever changes what lies at a real path; undefined where one may. */
export function whyGuarded(path: string): string | undefined {
  return compiled.find(({ patterns }) => patterns.some((fits) => fits(path)))?.why;
}

const compiled = guards.map(({ paths, why }) => ({
  patterns: paths.map((path) => compilePath(path, { foldsCase: true })),
  why,
}));
