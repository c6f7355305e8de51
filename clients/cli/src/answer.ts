import { type JsonObject, toJson } from "@bufbuild/protobuf";
import type { Event, MessageCompleted } from "@daphnia/protocol/event";
import { TurnFinishedSchema } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import type { FollowedTurn, TurnEnd } from "./follow-turn.ts";

/** Remembers of a turn what its end is told with: who answered, and what was said last. */
export interface Answer {
  add(event: Event): void;
  /** `provider/model`, and what the provider calls it where that differs. */
  model(): string;
  steps(): number;
  /** True where a call of the last step that called tools was denied. */
  isDenied(): boolean;
  /** The answer as one document: the fields of `AskResponse` and of `turn_finished`. */
  document(turn: FollowedTurn, end: TurnEnd): Promise<JsonObject>;
}

export function createAnswer(readText: (digest: string) => Promise<string>): Answer {
  let model = "";
  let responseModel = "";
  let steps = 0;
  /** The last step with calls that are answered. */
  let calls = { step: 0, isDenied: false };
  let last: MessageCompleted | undefined;
  const answered = () => {
    const known = model.slice(model.indexOf("/") + 1);
    return responseModel === "" || responseModel === known ? model : `${model} (${responseModel})`;
  };
  return {
    add({ body, step }) {
      if (body.case === "turnStarted") model = body.value.model;
      if (body.case === "stepStarted") {
        steps = step;
        model = `${body.value.provider}/${body.value.model}`;
      }
      if (body.case === "stepFinished") responseModel = body.value.responseModel;
      if (body.case === "toolCallFinished") {
        const { DENIED, LOOP_STOPPED } = ToolCallStatus;
        const isDenied = [DENIED, LOOP_STOPPED].includes(body.value.status);
        calls = { step, isDenied: isDenied || (calls.step === step && calls.isDenied) };
      }
      if (body.case === "messageCompleted") last = body.value;
    },
    model: answered,
    steps: () => steps,
    isDenied: () => calls.isDenied,
    async document({ sessionId, turnId, cursor }, end) {
      const texts = (last?.message?.parts ?? []).map((part) => wholeText(part, readText));
      const finished = end.kind === "finished" ? toJson(TurnFinishedSchema, end.finished) : {};
      // `output` is `text` cut short; a message is always an object.
      const { output: _short, ...rest } = finished as JsonObject;
      return {
        sessionId,
        turnId,
        cursor,
        model,
        ...(responseModel !== "" && { responseModel }),
        ...(end.kind !== "finished" && { pending: true }),
        text: (await Promise.all(texts)).join(""),
        ...rest,
      };
    },
  };
}

async function wholeText(
  { kind, full }: Part,
  readText: (digest: string) => Promise<string>,
): Promise<string> {
  if (kind.case !== "text") return "";
  return full ? readText(full.digest) : kind.value;
}
