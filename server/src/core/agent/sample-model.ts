import { create } from "@bufbuild/protobuf";
import { ModelSampledSchema } from "@daphnia/protocol/event";
import { MessageSchema, PartSchema, Role } from "@daphnia/protocol/message";
import type { Fact } from "../log/session-writer.ts";
import type { ModelPart } from "../model/model.ts";
import type { SampleAnswer, SampleRequest } from "../tool/tool.ts";
import { body, duration } from "./facts.ts";
import type { OpenCall } from "./open-calls.ts";
import type { TurnDeps } from "./turn-deps.ts";

/** What the agent's model said to whom a call had asked for it, and what that took. */
export interface Sampled {
  readonly answer: SampleAnswer;
  readonly fact: Fact;
}

/** Asks the agent's model on behalf of a call. Rejects as the model does. */
export async function sampleModel(
  request: SampleRequest,
  open: OpenCall,
  deps: TurnDeps,
  signal: AbortSignal,
): Promise<Sampled> {
  const began = deps.clock.monotonic();
  const { provider, name } = deps.model;
  const said = createText();
  let end: Extract<ModelPart, { kind: "finish" }> | undefined;
  for await (const part of deps.model.stream(modelRequest(request, deps), signal)) {
    said.add(part);
    if (part.kind === "finish") end = part;
  }
  const value = body("modelSampled", ModelSampledSchema, {
    callId: open.call.callId,
    model: `${provider}/${name}`,
    ...(end?.usage && { usage: end.usage }),
    ...(end?.cost && { cost: end.cost }),
    duration: duration(deps.clock.monotonic() - began),
  });
  return {
    answer: {
      model: end?.responseModel ?? name,
      text: said.text(),
      reason: end?.reason ?? "",
    },
    fact: { turnId: deps.state().turnId, step: open.step, body: value },
  };
}

/** Collects what a model says; what it thinks is its own. */
function createText() {
  const blocks = new Map<string, string>();
  return {
    text: () => [...blocks.values()].join(""),
    add(part: ModelPart): void {
      if (part.kind === "start" && part.of === "text") blocks.set(part.block, "");
      if (part.kind !== "piece" && part.kind !== "end") return;
      const before = blocks.get(part.block);
      if (before === undefined) return;
      const whole = part.kind === "end" ? part.text : before + part.text;
      blocks.set(part.block, whole ?? before);
    },
  };
}

function modelRequest({ system, messages }: SampleRequest, { mint }: TurnDeps) {
  return {
    system,
    messages: messages.map(({ role, text }) =>
      create(MessageSchema, {
        messageId: mint("message"),
        role: role === "assistant" ? Role.ASSISTANT : Role.USER,
        parts: [create(PartSchema, { kind: { case: "text", value: text } })],
      }),
    ),
    tools: [],
    blob: () => Promise.reject(new Error("nobody attached anything")),
  };
}
