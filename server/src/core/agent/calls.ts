import { ToolCallStatus } from "@daphnia/protocol/tool";
import { messageOf } from "../../base/errors.ts";
import { merge } from "../../base/merge.ts";
import type { Fact } from "../log/session-writer.ts";
import type { CallProcess } from "../tool/tool.ts";
import { type Admitted, type Asking, admit, canceled, type Refused, settled } from "./admit.ts";
import { requested } from "./approval.ts";
import { finished, refused, started, text } from "./call-facts.ts";
import { createCallVoice } from "./call-voice.ts";
import { type Facts, facts } from "./facts.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import type { OpenCall } from "./open-calls.ts";
import { runCall, withGrace } from "./run-call.ts";
import type { Turn, TurnDeps } from "./turn-deps.ts";

/** A call that may run, with the process that waits for it, where it has one. */
interface Begun extends Omit<Admitted, "kind"> {
  readonly kind: "begun";
  readonly process: CallProcess | undefined;
}

/** What the calls of one step have in common. */
interface Step {
  readonly deps: TurnDeps;
  readonly signal: AbortSignal;
  readonly lanes: Lanes;
  /** Begun, but not run yet. */
  readonly idle: Set<Begun>;
  /** How many have begun and have no answer yet, and how many wait for a person. */
  readonly count: { begun: number; waiting: number };
}

/**
 * Gives every open call its answer. Calls that need nobody start in one commit;
 * one that waits for a person starts when that is resolved, and nobody waits for
 * it. Then they run side by side, but for those that write the same file, and
 * each answer is committed when it is there.
 */
export async function* answerCalls(
  open: readonly OpenCall[],
  deps: TurnDeps,
  signal: AbortSignal,
): Turn {
  // A defect in one of them stops the others: nothing waits for them any more.
  const broken = new AbortController();
  const step: Step = {
    deps,
    signal: AbortSignal.any([signal, broken.signal]),
    lanes: createLanes(),
    idle: new Set(),
    count: { begun: 0, waiting: 0 },
  };
  try {
    const calls = await Promise.all(open.map((call) => look(call, step)));
    const isRefused = ({ kind }: { readonly kind: string }) => kind === "refused";
    const inOrder = [...calls.filter(isRefused), ...calls.filter((call) => !isRefused(call))];
    yield facts(inOrder.flatMap((call) => firstFacts(call, deps)));
    yield* merge(calls.map((call) => answer(call, step, (error) => broken.abort(error))));
  } finally {
    await Promise.allSettled([...step.idle].map(({ claimed }) => claimed.drop?.()));
  }
}

/** The answers to calls of a turn that ends before they have one. */
export function giveUp(open: readonly OpenCall[], deps: Pick<TurnDeps, "state">): readonly Fact[] {
  return open.flatMap((call) => {
    const { CANCELED } = ToolCallStatus;
    if (call.starts === 0) {
      const why = "the turn ended before this ran; nothing was done";
      return refused({ kind: "refused", open: call, status: CANCELED, why }, deps);
    }
    const why = "the turn ended while this ran; its outcome is unknown, and it was not run again";
    return finished(call, { status: CANCELED, parts: [text(why)] }, deps);
  });
}

/** Decides about a call; where nobody needs to be asked, all is made ready for its start. */
async function look(call: OpenCall, step: Step): Promise<Refused | Begun | Asking> {
  const { deps, signal } = step;
  const admission = await withGrace(admit(call, deps, signal), canceled(call), deps, signal);
  return admission.kind === "admitted" ? begin(admission, step) : admission;
}

/** Makes a process for the call, which waits until its start is on record. */
async function begin(admitted: Admitted, { idle, count }: Step): Promise<Refused | Begun> {
  try {
    const process = await admitted.claimed.prepare?.();
    const begun = { ...admitted, kind: "begun", process } as const;
    idle.add(begun);
    count.begun++;
    return begun;
  } catch (error) {
    const why = `It could not be started: ${messageOf(error)}`;
    return { kind: "refused", open: admitted.open, status: ToolCallStatus.DENIED, why };
  }
}

function firstFacts(call: Refused | Begun | Asking, deps: TurnDeps): readonly Fact[] {
  switch (call.kind) {
    case "refused":
      return refused(call, deps);
    case "begun":
      return [started(call.open, call.process, deps)];
    case "asking":
      return call.isNew ? [requested(call.open, call.approval)] : [];
  }
}

/** What is left to do for a call whose first facts are on record. */
async function* answer(
  call: Refused | Begun | Asking,
  step: Step,
  stopOthers: (error: unknown) => void,
): AsyncGenerator<Facts> {
  try {
    if (call.kind === "begun") yield* run(call, step);
    else if (call.kind === "asking") yield* answerAsking(call, step);
  } catch (error) {
    stopOthers(error);
    throw error;
  }
}

async function* answerAsking(asking: Asking, step: Step): AsyncGenerator<Facts> {
  const { deps } = step;
  const decided = await decision(asking, step);
  const next = decided.kind === "admitted" ? await begin(decided, step) : decided;
  yield facts(firstFacts(next, deps));
  if (next.kind === "begun") yield* run(next, step);
}

/** What a person says; a cancel is an answer too, which takes the question back. */
async function decision(asking: Asking, step: Step): Promise<Admitted | Refused> {
  const { deps, signal, count } = step;
  const { open, approval } = asking;
  count.waiting++;
  makeRoom(step);
  try {
    const resolved = await deps.resolution(approval.id, signal);
    await deps.slot.enter();
    return settled(asking, resolved);
  } catch (error) {
    if (!signal.aborted) throw error;
    return canceled({ ...open, approval, resolved: undefined });
  } finally {
    count.waiting--;
  }
}

/** What it says while it runs, then its answer. */
async function* run(begun: Begun, step: Step): AsyncGenerator<Facts> {
  const { deps, signal, lanes, idle, count } = step;
  const { claimed, open } = begun;
  const paths = claimed.claims.flatMap((claim) => (claim.kind === "write" ? [claim.path] : []));
  const voice = createCallVoice(open, deps, signal);
  const end = lanes
    .after(paths, () => {
      idle.delete(begun);
      return runCall({ ...begun, kind: "admitted" }, voice, deps, signal);
    })
    .finally(() => voice.end());
  // Whoever leaves while it speaks does not hear of its end.
  end.catch(() => {});
  try {
    yield* voice.facts();
    yield await end;
  } finally {
    count.begun--;
    makeRoom(step);
  }
}

/** Lets another turn run while all that is left of this one waits for people. */
function makeRoom({ deps, count }: Step): void {
  if (count.begun === 0 && count.waiting > 0) deps.slot.leave();
}
