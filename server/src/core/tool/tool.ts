import type { Part } from "@daphnia/protocol/message";
import type { Tool as ToolSpec } from "@daphnia/protocol/tool";

/** What a call would touch, as far as a rule can judge it. */
export type Claim =
  | {
      readonly kind: "read" | "write";
      /** Real and absolute. */
      readonly path: string;
      /** Set where all that lies below is touched too, and nothing there is left out. */
      readonly isWhole?: boolean;
    }
  | RunClaim
  | { readonly kind: "reach"; readonly host: string }
  | { readonly kind: "nothing" }
  | { readonly kind: "opaque"; readonly why: string };

/** A program that a call would start. What it touches by its operands is claimed beside it. */
export interface RunClaim {
  readonly kind: "run";
  /** The decoded words; null is one that is only known when it runs. */
  readonly argv: Words;
  /** The same command as rules may name it too, such as without its folder or global flags. */
  readonly forms: readonly Words[];
  readonly risk: Risk;
  readonly why: string;
}

export type Words = readonly (string | null)[];

/**
 * What starting a program may do beside what is claimed: nothing (`plain`); run
 * code of the project (`project`); nobody knows (`unknown`); what no rule on its
 * words may let through (`fixed`), such as a shell or the network; or destroy
 * the machine (`destructive`).
 */
export type Risk = "plain" | "project" | "unknown" | "fixed" | "destructive";

/** The session that a call is made in. */
export interface Place {
  readonly sessionId: string;
  /** Real, absolute folders that file tools may touch. */
  readonly roots: readonly string[];
  /** Real, absolute folders that no tool may touch, inside a root or not: the daemon's home. */
  readonly closed: readonly string[];
  /** The real, absolute folder that relative paths start from. */
  readonly cwd: string;
}

/** What a tool answers. A failure is an answer too. */
export interface ToolAnswer {
  readonly parts: readonly Part[];
  readonly isError: boolean;
}

/**
 * A call whose arguments were understood. It holds what its claims resolved, so
 * that nothing changes between the judgement and the act.
 */
export interface ClaimedCall {
  readonly claims: readonly Claim[];
  /** Acts. Throwing tells the model that it failed; cancel rejects with the reason. */
  run(signal: AbortSignal): Promise<ToolAnswer>;
}

/** Something that a model can ask the daemon to do. */
export interface Tool {
  readonly spec: ToolSpec;
  /** What may be done with a call that was cut off: run it again, or never. */
  readonly effect: "read_only" | "idempotent" | "unsafe";
  /**
   * Resolves what the call would touch, without doing it. `arguments` fit the
   * tool's schema. Throws `invalid_argument` with words that a model can act on.
   */
  claim(parameters: Record<string, unknown>, place: Place): Promise<ClaimedCall>;
}

/** Checks arguments against a tool's schema. */
export interface ArgumentReader {
  /** The arguments, or what is wrong with them in words for the model. */
  read(
    tool: ToolSpec,
    text: string,
  ): Promise<{ readonly value: Record<string, unknown> } | { readonly problem: string }>;
}
