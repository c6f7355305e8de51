import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Event,
  StepFinishedSchema,
  StepRetriedSchema,
  StepStartedSchema,
  TurnErrorKind,
  TurnSuspendedSchema,
} from "@daphnia/protocol/event";
import { SuspendReason } from "@daphnia/protocol/session";
import { pause } from "../../base/clock.ts";
import type { Draft } from "../log/draft.ts";
import type { Fact } from "../log/session-writer.ts";
import type { ModelPart, ModelRequest } from "../model/model.ts";
import { isRetryable, ModelError } from "../model/model-error.ts";
import { body, duration, type Facts, facts } from "./facts.ts";
import { createMessageBuilder, type MessageBuilder } from "./message-builder.ts";
import { describeRequest } from "./request-manifest.ts";
import { settleMessage } from "./settle-message.ts";
import { systemPrompt } from "./system-prompt.ts";
import type { TurnDeps } from "./turn-deps.ts";

/** How a step ended: done, suspended, or with what went wrong. */
export type StepEnd = "done" | "suspended" | { kind: TurnErrorKind; message: string };

/** Bytes of a draft that may wait for the store before the model has to wait. */
const draftBacklog = 256 * 1024;

const kinds = {
  auth: TurnErrorKind.AUTH,
  rate_limit: TurnErrorKind.RATE_LIMIT,
  overloaded: TurnErrorKind.OVERLOADED,
  context_length: TurnErrorKind.CONTEXT_LENGTH,
  refused: TurnErrorKind.REFUSED,
  network: TurnErrorKind.NETWORK,
  malformed: TurnErrorKind.MALFORMED,
  invalid_request: TurnErrorKind.INVALID_REQUEST,
} as const;

type Step = AsyncGenerator<Facts, StepEnd, readonly Event[]>;

/** Calls the model until it answered, was tried often enough, or cannot answer. */
export async function* runStep(deps: TurnDeps, signal: AbortSignal): Step {
  const before = deps.state();
  const step = before.isStepOpen ? before.step : before.step + 1;
  // A step that goes on may be tried as often as a new one.
  const earlier = before.attempts - (before.isRetryDue ? 1 : 0);
  if (before.isStepOpen && !before.isRetryDue) {
    // The daemon stopped in mid-call: what was said is replaced by a new attempt.
    const reason = { kind: TurnErrorKind.RESTART, message: "the daemon stopped meanwhile" };
    yield facts([retried(deps, step, before.attempts + 1, reason, 0, before.interruptedSeq)]);
  }
  for (;;) {
    const failed = yield* attempt(step, deps, signal);
    if (failed === undefined) return "done";
    signal.throwIfAborted(); // what a canceled turn said stays: nothing replaces it
    const { error, interruptedSeq } = failed;
    const reason = { kind: kinds[error.kind], message: error.message };
    const attempts = Math.max(1, deps.state().attempts);
    const isLast =
      attempts - earlier >= deps.retry.attempts || (error.retryAfter ?? 0) > deps.retry.longest;
    if (isRetryable(error.kind) && isLast && error.retryAfter !== undefined) {
      // No sooner than a retry: a provider that always says "now" is not asked in a circle.
      const wait = Math.max(error.retryAfter, backOff(attempts, deps));
      // Told now, while it is known what went wrong: the next call needs no other word.
      const retry = retried(deps, step, attempts + 1, reason, wait, interruptedSeq);
      yield facts([retry, suspended(deps, wait)]);
      return "suspended";
    }
    if (!isRetryable(error.kind) || isLast) return reason;
    const delay = delayOf(error, attempts, deps);
    yield facts([retried(deps, step, attempts + 1, reason, delay, interruptedSeq)]);
    await pause(deps.clock, delay, signal);
  }
}

function suspended({ state, clock }: TurnDeps, wait: number): Fact {
  const fact = body("turnSuspended", TurnSuspendedSchema, {
    reason: SuspendReason.PROVIDER,
    untilTime: timestampFromMs(clock.now().getTime() + wait),
  });
  return { turnId: state().turnId, body: fact };
}

/** One call. Undefined when it answered; what went wrong is on record either way. */
async function* attempt(
  step: number,
  deps: TurnDeps,
  signal: AbortSignal,
): AsyncGenerator<
  Facts,
  { error: ModelError; interruptedSeq: number } | undefined,
  readonly Event[]
> {
  const { turnId } = deps.state();
  const began = deps.clock.monotonic();
  let first: number | undefined;
  let draft: Draft | undefined;
  const openDraft = () => {
    first ??= deps.clock.monotonic();
    const { sessionId } = deps.place;
    draft ??= deps.openDraft({ draftId: deps.mint("draft"), sessionId, turnId, step });
    return draft;
  };
  const builder = createMessageBuilder(openDraft, deps.mint);
  const timing = () => ({ began, first: first ?? deps.clock.monotonic() });
  let spent: Spent | undefined;
  const call = deps.model.stream(await requestOf(deps), signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const part = await nextPart(call);
      if (part.kind === "request") yield* recordRequest(step, part, deps);
      else if (part.kind === "finish") {
        spent = part;
        const whole = await settled(builder, draft, false, step, deps);
        yield facts([...whole.facts, stepFinished(step, part, timing(), deps)], whole);
        return undefined;
      } else {
        builder.add(part);
        await keepUp(draft);
      }
    }
  } catch (error) {
    spent ??= builder.spent();
    // What it said has used tokens, of which nobody may know how many; silence has used none.
    if (builder.isEmpty() && spent === undefined) return failure(error, []);
    const said = builder.isEmpty() ? undefined : await settled(builder, draft, true, step, deps);
    const lost = stepFinished(step, { reason: "", ...spent }, timing(), deps);
    return failure(error, yield facts([...(said?.facts ?? []), lost], said));
  } finally {
    await call.return?.();
  }
}

async function nextPart(call: AsyncIterator<ModelPart>): Promise<ModelPart> {
  const { value, done } = await call.next();
  if (done) throw new ModelError("malformed", "the model's answer has no end");
  return value;
}

/** A model's failure is a value; a cancel and a defect go on as what they were. */
function failure(error: unknown, cutOff: readonly Event[]) {
  if (!(error instanceof ModelError)) throw error;
  const message = cutOff.find(({ body: what }) => what.case === "messageCompleted");
  return { error, interruptedSeq: Number(message?.seq ?? 0n) };
}

/** Makes a model that is faster than the store wait for it. */
async function keepUp(draft: Draft | undefined): Promise<void> {
  if (draft !== undefined && draft.waiting() > draftBacklog) await draft.flushed();
}

async function requestOf(deps: TurnDeps): Promise<ModelRequest> {
  return {
    system: systemPrompt(deps.agent, deps.place),
    messages: await deps.messages(),
    tools: deps.tools.map(({ spec }) => spec),
    blob: async (digest) =>
      (await deps.blobs.read(digest, 0, Number.MAX_SAFE_INTEGER))?.bytes ?? new Uint8Array(),
  };
}

/** Puts the exact request on record before it is sent. */
async function* recordRequest(
  step: number,
  { body: bytes, mediaType }: Extract<ModelPart, { kind: "request" }>,
  deps: TurnDeps,
): AsyncGenerator<Facts, void, readonly Event[]> {
  const { isStepOpen } = deps.state();
  const before = await deps.lastRequest();
  if (isStepOpen && before !== undefined && isSame(before.body, bytes)) return; // a retry sends it again
  const { manifest, depth } = describeRequest(bytes, mediaType, before);
  const blob = await deps.blobs.prepare(manifest);
  const started = body("stepStarted", StepStartedSchema, {
    provider: deps.model.provider,
    model: deps.model.name,
    request: {
      digest: blob.digest,
      size: BigInt(blob.size),
      mediaType: "application/x-protobuf; messageType=daphnia.v1.RequestManifest",
    },
    tools: deps.tools.map(({ spec }) => spec.name),
  });
  yield facts([{ turnId: deps.state().turnId, step, body: started }], { blobs: [blob] });
  deps.keepRequest({ digest: blob.digest, body: bytes, depth });
}

function settled(
  builder: MessageBuilder,
  draft: Draft | undefined,
  interrupted: boolean,
  step: number,
  deps: TurnDeps,
): Promise<Facts> {
  return settleMessage(
    {
      turnId: deps.state().turnId,
      step,
      message: builder.build(),
      draftId: draft?.draftId ?? "",
      cadence: draft?.cadence() ?? new Uint8Array(),
      interrupted,
    },
    deps.blobs,
  );
}

/** What a call has used: told at its end, or before it broke. */
type Spent = Extract<ModelPart, { kind: "usage" | "finish" }>;

function stepFinished(
  step: number,
  end: Omit<Extract<ModelPart, { kind: "finish" }>, "kind">,
  { began, first }: { began: number; first: number },
  deps: TurnDeps,
) {
  return {
    turnId: deps.state().turnId,
    step,
    body: body("stepFinished", StepFinishedSchema, {
      finishReason: end.reason,
      timeToFirstToken: duration(first - began),
      duration: duration(deps.clock.monotonic() - began),
      providerRequestId: end.requestId ?? "",
      responseModel: end.responseModel ?? "",
      ...(end.usage && { usage: end.usage }),
      ...(end.cost && { cost: end.cost }),
    }),
  };
}

function retried(
  deps: TurnDeps,
  step: number,
  attemptToCome: number,
  reason: { kind: TurnErrorKind; message: string },
  delay: number,
  supersedesSeq: number,
): Fact {
  const fact = body("stepRetried", StepRetriedSchema, {
    attempt: attemptToCome,
    reason,
    delay: duration(delay),
    supersedesSeq: BigInt(supersedesSeq),
  });
  return { turnId: deps.state().turnId, step, body: fact };
}

/** What the provider asked for, or twice as long each time. */
function delayOf(error: ModelError, attempts: number, deps: TurnDeps): number {
  if (error.retryAfter !== undefined) return Math.max(error.retryAfter, deps.retry.pause);
  return backOff(attempts, deps);
}

/** Twice as long each time, with jitter. */
function backOff(attempts: number, { retry, random }: TurnDeps): number {
  return Math.min(retry.longest, retry.pause * 2 ** (attempts - 1) * (0.5 + random()));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
