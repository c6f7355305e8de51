import type { Agent } from "@daphnia/protocol/agent";
import type { TrustSubject } from "@daphnia/protocol/approval";
import type { Rule } from "@daphnia/protocol/permission";
import type { Principal } from "@daphnia/protocol/principal";
import type { Session as Head } from "@daphnia/protocol/session";
import type { Clock } from "../../base/clock.ts";
import type { MintId } from "../../base/ids.ts";
import type { Redactor } from "../../base/redact.ts";
import type { RetryPolicy } from "../agent/turn-deps.ts";
import type { BlobStore } from "../log/blob-store.ts";
import type { RecordChange } from "../log/event-store.ts";
import type { Log } from "../log/log.ts";
import type { HeadFold } from "../log/session-writer.ts";
import type { Models } from "../model/model.ts";
import type { Judge } from "../permission/judge.ts";
import type { ArgumentReader, CallProcess, FileRestorer, Tool } from "../tool/tool.ts";
import type { TurnSlots } from "./turn-slots.ts";

/** Finds agents by name. What it answers is the definition in force now. */
export interface Agents {
  get(name: string): Agent | undefined;
  names(): readonly string[];
}

/** Keeps what a person allowed for always. */
export interface RuleKeeper {
  /**
   * The records that keep rules and trust, to be committed with the answer that says
   * so; then `tell` puts them in force and tells of them.
   */
  keep(
    rules: readonly Rule[],
    approvalId: string,
    subject?: TrustSubject,
  ): { readonly records: readonly RecordChange[]; tell(by: Principal): void };
}

/** What every session works with. */
export interface SessionDeps {
  readonly log: Log;
  readonly blobs: BlobStore;
  readonly fold: HeadFold;
  readonly clock: Clock;
  readonly mint: MintId;
  readonly random: () => number;
  readonly agents: Agents;
  readonly models: Models;
  /** `provider/model` where neither prompt, session nor agent names one. */
  readonly defaultModel: () => string;
  /** The tools that an agent was granted, by name. */
  readonly toolsFor: (agent: Agent) => readonly Tool[];
  readonly arguments: ArgumentReader;
  /** Takes out what is secret now, of what people write. Models and tools do so themselves. */
  readonly redactor: () => Redactor;
  /** Judges the calls of an agent in a session, by the rules that are in force now. */
  readonly judgeFor: (agent: Agent, session: Pick<Head, "mode" | "roots" | "grants">) => Judge;
  readonly ruleKeeper: RuleKeeper;
  readonly files: FileRestorer;
  /** Ends what calls of a daemon that is gone have left running. */
  readonly endOrphans: (processes: readonly CallProcess[]) => Promise<void>;
  /** Real, absolute folders that no tool may touch. */
  readonly closed: readonly string[];
  readonly slots: TurnSlots;
  readonly retry: RetryPolicy;
  readonly maxQueuedPrompts: number;
  /** Tool calls of one turn. */
  readonly maxCalls: number;
  /** Milliseconds that a turn may take. */
  readonly turnTimeout: number;
  /** Milliseconds that an approval waits where the agent does not say. */
  readonly approvalTimeout: number;
  /** True once the daemon is stopping: no turn begins, and running ones leave off. */
  readonly isStopping: () => boolean;
  /** Tells of a defect of ours. */
  readonly onBug: (error: unknown) => void;
}
