import type { Agent } from "@daphnia/protocol/agent";
import type { Clock } from "../../base/clock.ts";
import type { MintId } from "../../base/ids.ts";
import type { RetryPolicy } from "../agent/turn-deps.ts";
import type { BlobStore } from "../log/blob-store.ts";
import type { Log } from "../log/log.ts";
import type { HeadFold } from "../log/session-writer.ts";
import type { Models } from "../model/model.ts";
import type { Judge } from "../permission/judge.ts";
import type { ArgumentReader, Tool } from "../tool/tool.ts";
import type { TurnSlots } from "./turn-slots.ts";

/** Finds agents by name. What it answers is the definition in force now. */
export interface Agents {
  get(name: string): Agent | undefined;
  names(): readonly string[];
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
  /** Judges the calls of an agent in a session of this mode and these roots. */
  readonly judgeFor: (agent: Agent, session: { mode: string; roots: readonly string[] }) => Judge;
  /** Real, absolute folders that no tool may touch. */
  readonly closed: readonly string[];
  readonly slots: TurnSlots;
  readonly retry: RetryPolicy;
  readonly maxQueuedPrompts: number;
  /** True once the daemon is stopping: no turn begins, and running ones leave off. */
  readonly isStopping: () => boolean;
  /** Tells of a defect of ours. */
  readonly onBug: (error: unknown) => void;
}
