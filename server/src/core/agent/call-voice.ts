import type { Answer, Approval, Question } from "@daphnia/protocol/approval";
import { type ApprovalResolved, ToolCallProgressedSchema } from "@daphnia/protocol/event";
import type { Progress, SampleAnswer, SampleRequest } from "../tool/tool.ts";
import { isUnattended } from "./admit.ts";
import { isAllowed, questionFor, requested, sampleFor, takenBack } from "./approval.ts";
import { body, type Facts, facts } from "./facts.ts";
import { callOf, type OpenCall } from "./open-calls.ts";
import { sampleModel } from "./sample-model.ts";
import type { TurnDeps } from "./turn-deps.ts";

/** What a call says and asks while it runs, as facts for its turn. */
export interface CallVoice {
  progress(progress: Progress): void;
  /** One question at a time: who asks another meanwhile gets no answer. */
  ask(questions: readonly Question[]): Promise<readonly Answer[] | undefined>;
  /** Waits for a person, as a question does; then for the agent's model. */
  sample(request: SampleRequest): Promise<SampleAnswer | undefined>;
  /** Each is committed before the next is taken. Ends after `end`; a question that waits is taken back. */
  facts(): AsyncGenerator<Facts, void, unknown>;
  end(): void;
}

/** Milliseconds between two facts about how far a call is. */
const progressPause = 1000;
/** Characters of what a call says about its progress. */
const mostMessage = 1000;

interface Said {
  readonly facts: Facts;
  readonly committed: () => void;
}

export function createCallVoice(open: OpenCall, deps: TurnDeps, signal: AbortSignal): CallVoice {
  const { clock } = deps;
  const { callId } = open.call;
  const queue: Said[] = [];
  let wake = () => {};
  let isOver = false;
  let isAsking = false;
  let latest: Progress | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;
  let cancelTimer = () => {};
  let asked = "";
  const end = new AbortController();
  const waits = AbortSignal.any([signal, end.signal]);

  function say(what: Facts): Promise<void> {
    return new Promise((committed) => {
      queue.push({ facts: what, committed });
      wake();
    });
  }

  function tellProgress(): void {
    const told = latest;
    latest = undefined;
    if (told === undefined || isOver) return;
    nextAt = clock.monotonic() + progressPause;
    const { done, total } = told;
    const message = told.message.slice(0, mostMessage);
    const what = body("toolCallProgressed", ToolCallProgressedSchema, {
      ...{ callId, message, done, total },
    });
    void say(facts([{ turnId: deps.state().turnId, step: open.step, body: what }]));
  }

  /** What a person says; undefined where they do not allow it. */
  async function decision(approval: Approval): Promise<ApprovalResolved | undefined> {
    asked = approval.id;
    await say(facts([requested(open, approval)]));
    const resolved = await deps.resolution(approval.id, waits);
    return isAllowed(resolved) ? resolved : undefined;
  }

  /** One at a time, and only where somebody may be there. */
  async function once<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (isAsking || isOver || isUnattended(deps)) return undefined;
    isAsking = true;
    try {
      return await work();
    } finally {
      isAsking = false;
    }
  }

  /** Nobody is to answer what nobody waits for. */
  function unanswered(): Facts | undefined {
    const call = callOf(deps.state(), asked);
    const { turnId } = deps.state();
    const back = call && takenBack(call, turnId, "the call ended without the answer");
    return back?.[0] && facts(back);
  }

  return {
    progress(progress) {
      if (isOver) return;
      const isPlanned = latest !== undefined;
      latest = progress;
      if (isPlanned) return;
      const left = nextAt - clock.monotonic();
      if (left <= 0) tellProgress();
      else cancelTimer = clock.after(left, tellProgress);
    },
    ask: (questions) =>
      once(async () => (await decision(questionFor(open, questions, deps)))?.answers),
    sample: (request) =>
      once(async () => {
        const allowed = await decision(sampleFor(open, request, deps));
        if (allowed === undefined) return undefined;
        const { answer, fact } = await sampleModel(request, open, deps, waits);
        await say(facts([fact]));
        return answer;
      }),
    async *facts() {
      for (;;) {
        const said = queue.shift();
        if (said !== undefined) {
          yield said.facts;
          said.committed();
        } else if (isOver) {
          const last = unanswered();
          if (last !== undefined) yield last;
          return;
        } else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
    end() {
      isOver = true;
      end.abort(new Error("the call ended"));
      cancelTimer();
      wake();
    },
  };
}
