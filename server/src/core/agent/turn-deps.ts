import type { Agent } from "@daphnia/protocol/agent";
import type { ApprovalResolved, Event } from "@daphnia/protocol/event";
import type { Message } from "@daphnia/protocol/message";
import type { QueuedPrompt } from "@daphnia/protocol/session";
import type { Clock } from "../../base/clock.ts";
import type { MintId } from "../../base/ids.ts";
import type { BlobStore } from "../log/blob-store.ts";
import type { Draft } from "../log/draft.ts";
import type { DraftName } from "../log/event-store.ts";
import type { Output } from "../log/output.ts";
import type { Model } from "../model/model.ts";
import type { Judge } from "../permission/judge.ts";
import type { ArgumentReader, Place, Tool } from "../tool/tool.ts";
import type { Facts } from "./facts.ts";
import type { KnownRequest } from "./request-manifest.ts";
import type { TurnState } from "./turn-state.ts";

/** What a turn works with. */
export interface TurnDeps {
  readonly agent: Agent;
  readonly model: Model;
  /** The tools that were granted, by name, as there are now: components come and go. */
  readonly tools: readonly Tool[];
  /** One of them; also one that was there earlier in the turn, of a component that is gone. */
  readonly toolOf: (name: string) => Tool | undefined;
  readonly place: Place;
  /** Decides what becomes of a call by what it would touch, as the rules are now. */
  readonly judge: Judge;
  /** True where a person allowed a call with just these arguments for the session. */
  readonly isGranted: (tool: string, text: string) => boolean;
  /** Resolves with the answer to an approval that is on record; rejects when the signal aborts. */
  readonly resolution: (approvalId: string, signal: AbortSignal) => Promise<ApprovalResolved>;
  /** Its place among the turns that run: left while all that is left to do waits for people. */
  readonly slot: { leave(): void; enter(): Promise<void> };
  /** Milliseconds that an approval waits where the agent does not say. */
  readonly approvalTimeout: () => number;
  readonly maxSteps: number;
  /** Tool calls that the turn may make. */
  readonly maxCalls: number;
  /** Milliseconds that the turn may take. */
  readonly timeout: number;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly mint: MintId;
  /** 0 to 1, so that retries of many turns do not fall together. */
  readonly random: () => number;
  readonly blobs: BlobStore;
  readonly arguments: ArgumentReader;
  /** The fold of what is committed of this turn. */
  state(): TurnState;
  /** The session's messages as the model is to read them: the fold of what is committed. */
  messages(): Promise<readonly Message[]>;
  /** The last request of this session, which the next one is told against. */
  lastRequest(): Promise<KnownRequest | undefined>;
  keepRequest(request: KnownRequest): void;
  /** Prompts that wait to be delivered at the next step boundary. */
  steers(): readonly QueuedPrompt[];
  openDraft(name: DraftName): Draft;
  /** What a call prints while it runs. */
  openOutput(call: { callId: string; tool: string; step: number }): Pick<Output, "print" | "close">;
  /** True when the daemon wants to stop: the turn leaves off at the next safe point. */
  isPausing(): boolean;
  /** Tells of a defect of ours; the turn goes on to fail. */
  onBug(error: unknown): void;
}

export interface RetryPolicy {
  /** Calls of one step, the first included. */
  readonly attempts: number;
  /** The first pause in milliseconds; each further one is twice as long. */
  readonly pause: number;
  /** No pause is longer, in milliseconds, whatever the provider asks. */
  readonly longest: number;
}

/** Yields facts; whoever drives it answers with the events they became. */
export type Turn = AsyncGenerator<Facts, void, readonly Event[]>;
