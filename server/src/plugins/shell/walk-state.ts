import type { ParsedScript } from "unbash";
import type { Argument } from "./argument.ts";
import type { Finding, Scene } from "./scene.ts";

/** What is the same for all of a line. */
export interface Walk {
  readonly scene: Scene;
  readonly findings: Finding[];
  /** Parses a text that a command runs. */
  readonly parse: (text: string) => ParsedScript;
  /** Whether a name stands in the source only once without a `$` before it. */
  readonly isSetOnce: (name: string) => boolean;
  readonly source: string;
  readonly count: { commands: number };
}

/** What one command of it may have changed for the next. */
export interface State {
  readonly cwds: readonly string[];
  readonly variables: Map<string, Argument>;
  readonly upstream: readonly Argument[] | undefined;
  readonly depth: number;
}

/** Tells that something of the line is not understood. */
export function doubt(walk: Walk, why: string, text = ""): void {
  walk.findings.push({
    claim: { kind: "opaque", why: text === "" ? why : `${why}: ${text}` },
    text,
  });
}

/** The same, in other folders. */
export const at = (state: State, cwds: readonly string[]): State => ({ ...state, cwds });
