import { toJson } from "@bufbuild/protobuf";
import { MessageSchema } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import { type Clock, pause } from "../../base/clock.ts";
import type { Model, ModelPart, ModelRequest } from "../../core/model/model.ts";
import { ModelError } from "../../core/model/model-error.ts";
import { type Attempts, createAttempts } from "./attempts.ts";
import type { Script, ScriptFailure, ScriptStep } from "./script.ts";
import { placeOf, type ScriptPlace, stepAt } from "./script-place.ts";
import { partsOf, usageOf } from "./step-parts.ts";

/** What a scripted model needs. */
export interface ScriptedModelNeeds {
  readonly clock: Clock;
  /** Give the same to models of one script that are made anew, so that `times` counts on. */
  readonly attempts?: Attempts;
}

/**
 * A model that plays a script. What it answers depends on the request alone, but
 * for `fail.times`: those attempts are counted in memory, for each opening
 * message and step. It obeys the signal before every part and in every pause,
 * and with no pace it sets no timer.
 */
export function createScriptedModel(
  name: string,
  script: Script,
  { clock, attempts = createAttempts() }: ScriptedModelNeeds,
): Model {
  return {
    provider: "scripted",
    name,
    async *stream(request, signal) {
      signal.throwIfAborted();
      const body = bodyOf(request);
      yield {
        kind: "request",
        mediaType: "application/json",
        body: new TextEncoder().encode(body),
      };

      const place = placeOf(request.messages);
      const step = stepAt(script, place) ?? endOfScript(name, script, place);
      const failure = failureOf(step, place, name, attempts);
      let written = 0;
      const usage = () => usageOf(step.usage, body.length, written);
      for await (const part of spoken(step, place, failure, clock, signal)) {
        if (part === "stumbles") {
          if (written > 0) yield { kind: "usage", usage: usage() };
          continue;
        }
        if (part.kind === "piece") written += part.text.length;
        yield part;
      }
      yield { kind: "finish", reason: step.finish, usage: usage(), responseModel: name };
    },
  };
}

/** What a step says, at its pace. Tells before it goes wrong. */
async function* spoken(
  step: ScriptStep,
  place: ScriptPlace,
  failure: ScriptFailure | undefined,
  clock: Clock,
  signal: AbortSignal,
): AsyncIterable<ModelPart | "stumbles"> {
  const parts = [...partsOf(step, place)];
  const all = parts.filter((part) => part.kind === "piece").length;
  let said = 0;
  for (const part of [...parts, undefined]) {
    signal.throwIfAborted();
    const stumble = stumbleAt(said, all, step, failure);
    if (stumble !== undefined) {
      yield "stumbles";
      await stumble(signal);
    }
    if (part === undefined) return;
    if (part.kind === "piece" && said++ > 0 && step.pace > 0) await pause(clock, step.pace, signal);
    yield part;
  }
}

/** How it goes wrong after so many of all pieces; undefined where it does not. Never resolves. */
function stumbleAt(
  said: number,
  all: number,
  { hang }: ScriptStep,
  failure: ScriptFailure | undefined,
): ((signal: AbortSignal) => Promise<never>) | undefined {
  if (failure !== undefined && said >= Math.min(failure.afterPieces, all)) {
    const { kind, message, retryAfter } = failure;
    const options = retryAfter === undefined ? {} : { retryAfter };
    return () => Promise.reject(new ModelError(kind, message, options));
  }
  return hang && said === all ? canceled : undefined;
}

/** The request as JSON, its keys always in the same order. */
function bodyOf({ system, messages, tools }: ModelRequest): string {
  return JSON.stringify({
    system,
    messages: messages.map((message) => toJson(MessageSchema, message)),
    tools: tools.map((tool) => toJson(ToolSchema, tool)),
  });
}

function failureOf(
  { fail }: ScriptStep,
  { opener, turn, step }: ScriptPlace,
  name: string,
  attempts: Attempts,
): ScriptFailure | undefined {
  if (fail === undefined) return undefined;
  return attempts.next(JSON.stringify([name, opener, turn, step])) < fail.times ? fail : undefined;
}

function canceled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** What it plays when the script has nothing more to say in a turn. */
function endOfScript(name: string, { chunk, pace }: Script, place: ScriptPlace): ScriptStep {
  const step = place.step + 1;
  return {
    chunk,
    pace,
    think: "",
    say: [`The script "${name}" has no step ${step} for prompt ${place.turn + 1}: it ends here.`],
    calls: [],
    usage: { input: undefined, output: undefined, cacheRead: 0, cacheWrite: 0, thinking: 0 },
    finish: "stop",
    fail: undefined,
    hang: false,
  };
}
