import type { Cost, Usage } from "@daphnia/protocol/usage";
import type { Clock } from "../../base/clock.ts";
import type { Model, ModelPart } from "../../core/model/model.ts";
import type { ModelError } from "../../core/model/model-error.ts";
import { type AnswerReader, createAnswerReader, type Told } from "./answer-reader.ts";
import { toCallOptions } from "./call-options.ts";
import type { DialectTraits } from "./dialect-traits.ts";
import type { LanguageModel, StreamPart } from "./language-model.ts";
import { createRequestGate } from "./request-gate.ts";
import {
  brokenAnswer,
  type ErrorPlace,
  foreignAnswer,
  isUnknownEvent,
  refusedAnswer,
  translateError,
} from "./translate-error.ts";

/** What one model of one provider is made of. */
export interface SdkModelNeeds {
  readonly provider: string;
  readonly model: string;
  readonly traits: DialectTraits;
  /** Makes the package's model; each call has its own, and its own `fetch`. */
  make(fetch: typeof globalThis.fetch): LanguageModel;
  price(model: string, usage: Usage): Promise<Cost | undefined>;
  readonly place: Omit<ErrorPlace, "now" | "provider">;
  readonly clock: Clock;
}

/**
 * A model over one of the packages.
 *
 * A1: nothing is sent before whoever reads has asked for what follows `request`.
 * A2: one call is one HTTP request; trying again is for the turn to decide.
 * A3: an error in mid-stream ends the answer only when the stream has ended.
 * A4: whoever stops reading, or aborts, closes the connection.
 * A5: tokens are told as soon as they are known, so that they count when the call fails.
 */
export function createSdkModel(needs: SdkModelNeeds): Model {
  const { provider, model: name, traits } = needs;
  return {
    provider,
    name,
    async *stream(request, signal) {
      signal.throwIfAborted();
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const gate = createRequestGate(either);
      const options = await toCallOptions(request, provider, traits, either);
      const place = () => ({ ...needs.place, provider, now: needs.clock.now() });
      try {
        const call = needs.make(gate.fetch).doStream(options);
        call.then(undefined, () => {}); // who gives up before the answer does not wait for it
        yield { kind: "request", mediaType: "application/json", body: await gate.body(call) };
        gate.open();
        const { stream, response } = await call;
        const answer = createAnswerReader(provider);
        yield* readAll(stream, answer, needs);
        yield* answer.rest();
        const headers = response?.headers ?? {};
        const problem = problemOf(answer.told, headers["content-type"] ?? "", place());
        if (problem !== undefined) throw problem;
        yield await finished(answer.told, headers, needs);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw translateError(error, place());
      } finally {
        stop.abort();
      }
    },
  };
}

async function* readAll(
  stream: AsyncIterable<StreamPart>,
  { read, told }: AnswerReader,
  needs: SdkModelNeeds,
): AsyncIterable<ModelPart> {
  let counted: Usage | undefined;
  for await (const part of stream) {
    yield* read(part);
    const { usage } = told;
    if (usage === undefined || usage === counted) continue;
    counted = usage;
    yield { kind: "usage", ...(await priced(usage, told, needs)) };
  }
}

/** Why an answer whose stream has ended is none, or undefined when it is one. */
function problemOf(
  { errors, finish, hasContent }: Told,
  mediaType: string,
  place: ErrorPlace,
): ModelError | undefined {
  if (!hasContent && !mediaType.startsWith("text/event-stream"))
    return foreignAnswer(place, mediaType);
  const grave =
    errors.find((error) => !isUnknownEvent(error)) ?? (hasContent ? undefined : errors[0]);
  if (grave !== undefined) return translateError(grave, place);
  const { unified, raw } = finish?.finishReason ?? { unified: "interrupted", raw: undefined };
  // The packages' word for a stream that closed without the provider's own last event.
  if (unified === "interrupted") return brokenAnswer(place);
  if (hasContent || unified !== "content-filter") return undefined;
  const details = finish?.providerMetadata?.["anthropic"]?.["stopDetails"];
  const isRecord = typeof details === "object" && details !== null && "explanation" in details;
  return refusedAnswer(place, raw ?? unified, isRecord ? details["explanation"] : undefined);
}

async function finished(
  told: Told,
  headers: Readonly<Record<string, string>>,
  needs: SdkModelNeeds,
): Promise<ModelPart> {
  const { finish, usage, responseId, responseModel } = told;
  const reason = finish?.finishReason.raw ?? finish?.finishReason.unified ?? "";
  const requestId =
    headers["request-id"] ?? headers["x-request-id"] ?? headers["x-generation-id"] ?? responseId;
  return {
    kind: "finish",
    reason,
    ...(usage === undefined ? {} : await priced(usage, told, needs)),
    ...(requestId === undefined ? {} : { requestId }),
    ...(responseModel === undefined ? {} : { responseModel }),
  };
}

/** What was used, with what it costs where that is known of the model by either of its names. */
async function priced(
  usage: Usage,
  { responseModel }: Told,
  { model, price }: SdkModelNeeds,
): Promise<{ readonly usage: Usage; readonly cost?: Cost }> {
  const named = await price(model, usage);
  const cost = named ?? (responseModel ? await price(responseModel, usage) : undefined);
  return cost === undefined ? { usage } : { usage, cost };
}
