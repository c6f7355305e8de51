import type { Log } from "./log-file.ts";
import type { Tool } from "./tool.ts";

/** What a component consists of. */
export interface ComponentDefinition {
  /** 1 to 32 of `a-z0-9-`, beginning with a letter; agents are granted it by this name. */
  readonly name: string;
  readonly version?: string;
  /** One sentence for people. */
  readonly description?: string;
  readonly tools: readonly Tool[];
  /**
   * Called once when it begins to serve, before anybody is told. What it starts ends
   * with the signal.
   */
  start?(context: StartContext): void | Promise<void>;
  /** Milliseconds that running calls have to finish when it is stopped; default 5000. */
  readonly grace?: number;
}

export interface StartContext {
  /** Aborted when the component ends. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** A folder of its own under the daemon's home, for what it keeps. It is there. */
  readonly folder: string;
}

/** The same with every default filled in. */
export type Definition = Required<ComponentDefinition>;
