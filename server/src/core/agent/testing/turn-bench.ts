import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AgentSchema } from "@daphnia/protocol/agent";
import { ApprovalChoice } from "@daphnia/protocol/approval";
import {
  ApprovalResolvedSchema,
  type Event,
  EventSchema,
  PromptAcceptedSchema,
  TurnResumedSchema,
} from "@daphnia/protocol/event";
import {
  Delivery,
  type QueuedPrompt,
  QueuedPromptSchema,
  TurnOutcome,
} from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { openMemoryStore } from "../../../plugins/memory/memory-store.ts";
import { createDraftTail } from "../../log/draft-tail.ts";
import type { Fact } from "../../log/session-writer.ts";
import { createCounter, createManualClock } from "../../log/testing/manual-clock.ts";
import { createPlayedModel, type Play } from "../../model/testing/played-model.ts";
import { createJudge } from "../../permission/judge.ts";
import { createRuleSet } from "../../permission/rule-set.ts";
import { createHistory } from "../../session/history.ts";
import type { Tool } from "../../tool/tool.ts";
import { body, type Facts } from "../facts.ts";
import type { KnownRequest } from "../request-manifest.ts";
import { runTurn } from "../turn.ts";
import type { TurnDeps } from "../turn-deps.ts";
import { foldTurn, newTurnState } from "../turn-state.ts";
import { plainArguments, textPart } from "./bench-tool.ts";

export interface TurnBenchOptions {
  readonly plays: readonly Play[];
  readonly tools?: readonly Tool[];
  readonly maxSteps?: number;
  readonly maxCalls?: number;
  readonly timeout?: number;
  /** What a person chooses; without, they deny. */
  readonly choose?: (approvalId: string) => ApprovalChoice;
  readonly isPausing?: () => boolean;
  /** Called when facts were committed, with the trace's line for them. */
  readonly onCommit?: (line: string) => void | Promise<void>;
}

export type TurnBench = ReturnType<typeof createTurnBench>;

/** Drives one turn by hand: what it yields is committed to a list, and traced. */
export function createTurnBench(options: TurnBenchOptions) {
  const clock = createManualClock();
  const mint = createCounter();
  const { blobs } = openMemoryStore(() => 0);
  const model = createPlayedModel(options.plays);
  const cancel = new AbortController();
  const trace: string[] = [];
  const events: Event[] = [];
  const bugs: unknown[] = [];
  const history = createHistory();
  const prompt = promptOf("p1", "go", mint("turn"));
  let steers: QueuedPrompt[] = [];
  let state = newTurnState(prompt.turnId);
  let known: KnownRequest | undefined;

  function commit({ facts, settles }: Facts): readonly Event[] {
    const made = facts.map((fact) => push(fact));
    trace.push(facts.map((fact) => lineOf(fact)).join(", "));
    for (const draftId of settles) trace.push(`settles ${draftId}`);
    return made;
  }

  function push(fact: Fact): Event {
    const event = create(EventSchema, {
      seq: BigInt(events.length + 1),
      time: timestampFromDate(clock.now()),
      turnId: fact.turnId ?? "",
      step: fact.step ?? 0,
      body: fact.body,
    });
    events.push(event);
    state = foldTurn(state, event);
    history.apply(event);
    const { body: made } = event;
    if (made.case === "promptDelivered")
      steers = steers.filter((steer) => steer.promptId !== made.value.promptId);
    return event;
  }

  function accept(accepted: QueuedPrompt): void {
    const { promptId, parts } = accepted;
    push({ body: body("promptAccepted", PromptAcceptedSchema, { promptId, parts }) });
  }

  const deps: TurnDeps = {
    agent: create(AgentSchema, { name: "bench", instructions: "be brief" }),
    model,
    tools: options.tools ?? [],
    toolOf: (name) => options.tools?.find(({ spec }) => spec.name === name),
    place: {
      ...{ sessionId: "s", roots: ["/work"], closed: [], cwd: "/work" },
      ...{ envPass: [], hasNetwork: false },
    },
    judge: createJudge(createRuleSet("standard", []), {
      roots: ["/work"],
      closed: [],
      home: "/home/u",
      temp: "/tmp",
      isSandboxed: false,
    }),
    isGranted: () => false,
    slot: { leave() {}, async enter() {} },
    async resolution(approvalId, signal) {
      signal.throwIfAborted();
      const choice = options.choose?.(approvalId) ?? ApprovalChoice.DENY;
      const resolved = body("approvalResolved", ApprovalResolvedSchema, { approvalId, choice });
      push({ turnId: prompt.turnId, body: resolved });
      return resolved.value;
    },
    approvalTimeout: () => 60_000,
    maxSteps: options.maxSteps ?? 10,
    maxCalls: options.maxCalls ?? 200,
    timeout: options.timeout ?? 3_600_000,
    retry: { attempts: 3, pause: 1000, longest: 60_000 },
    clock,
    mint,
    random: () => 0.5,
    blobs,
    arguments: plainArguments,
    state: () => state,
    messages: async () => history.messages(),
    lastRequest: async () => known,
    keepRequest: (request) => {
      known = request;
    },
    steers: () => steers,
    openDraft: (name) => ({
      ...name,
      agent: "bench",
      labels: {},
      tail: createDraftTail(0),
      start() {},
      write: (_, text) => void trace.push(`writes ${text}`),
      waiting: () => 0,
      flushed: async () => {},
      cadence: () => new Uint8Array(),
    }),
    openOutput: ({ callId }) => ({
      print: async (bytes: Uint8Array) =>
        void trace.push(`${callId} prints ${new TextDecoder().decode(bytes)}`),
      close: async () => ({ blob: undefined, cadence: new Uint8Array() }),
    }),
    isPausing: options.isPausing ?? (() => false),
    onBug: (error) => void bugs.push(error),
  };

  accept(prompt);
  return {
    clock,
    trace,
    events,
    bugs,
    model,
    cancel,
    state: () => state,
    outcome: () => outcomeOf(events),
    steer(id: string) {
      const steer = promptOf(id, `steer ${id}`, "");
      accept(steer);
      steers.push(steer);
    },
    /** Puts on record that the turn goes on, after a suspension or a crash. */
    resume(): void {
      const attempt = state.resumes + 1;
      push({ turnId: prompt.turnId, body: body("turnResumed", TurnResumedSchema, { attempt }) });
    },
    /**
     * Begins or goes on, until the turn ends, is suspended or leaves off; or until
     * the daemon dies, of which the log shows nothing.
     */
    async run(death: Promise<void> = new Promise(() => {})): Promise<readonly string[]> {
      const turn = runTurn(prompt, deps, cancel.signal);
      let committed: readonly Event[] = [];
      for (;;) {
        const next = turn.next(committed);
        const dead = death.then(() => ({ done: true, value: undefined }) as const);
        const { value, done } = await Promise.race([next, dead]);
        if (done) return trace;
        committed = commit(value);
        await options.onCommit?.(trace.at(-1) ?? "");
      }
    },
    commit,
  };
}

/** Every requested call has one answer, and the last event ends the turn. */
export function assertWhole({ events, state, outcome }: TurnBench): void {
  const requested = events.flatMap(({ body }) =>
    body.case === "messageCompleted" && !body.value.interrupted
      ? (body.value.message?.parts ?? []).flatMap(({ kind }) =>
          kind.case === "toolCall" ? [kind.value.callId] : [],
        )
      : [],
  );
  const answered = events.flatMap(({ body }) =>
    body.case === "toolCallFinished" ? [body.value.callId] : [],
  );
  assert.deepEqual(answered.toSorted(), requested.toSorted());
  assert.deepEqual(state().openCalls, []);
  assert.notEqual(outcome(), "open");
}

function promptOf(promptId: string, text: string, turnId: string): QueuedPrompt {
  const parts = [textPart(text)];
  return create(QueuedPromptSchema, { promptId, turnId, parts, delivery: Delivery.QUEUE });
}

/** A fact as `toolCallFinished call-3 DENIED`. */
function lineOf({ body: made }: Fact): string {
  switch (made.case) {
    case "toolCallStarted":
      return `start ${made.value.tool}`;
    case "toolCallFinished":
      return `finish ${made.value.callId} ${ToolCallStatus[made.value.status]}`;
    case "messageCompleted":
      return made.value.interrupted ? "interrupted" : "message";
    case "stepRetried":
      return `retry ${made.value.attempt}${made.value.supersedesSeq > 0n ? " instead" : ""}`;
    case "promptDelivered":
      return `deliver ${made.value.promptId}`;
    case "turnFinished":
      return TurnOutcome[made.value.outcome] ?? "";
    default:
      return String(made.case);
  }
}

function outcomeOf(events: readonly Event[]): string {
  const last = events.at(-1)?.body;
  return last?.case === "turnFinished" ? (TurnOutcome[last.value.outcome] ?? "") : "open";
}
