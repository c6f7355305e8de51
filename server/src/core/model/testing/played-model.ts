import { toJson } from "@bufbuild/protobuf";
import { MessageSchema } from "@daphnia/protocol/message";
import type { Model, ModelPart, ModelRequest } from "../model.ts";

/** One thing that happens in a call: a part, a failure, a silence until cancel, or a deed. */
export type Happening = ModelPart | Error | "hang" | (() => void | Promise<void>);

/** What one call of the model plays. `request` comes by itself. */
export type Play = readonly Happening[];

export interface PlayedModel extends Model {
  /** What it was asked, call by call. */
  readonly requests: readonly ModelRequest[];
}

/** Plays by the number of the call, from 0, or by what is asked. */
export type Plays = readonly Play[] | ((request: ModelRequest) => Play);

/** A model that plays one list for each call; what follows the last one says "bye". */
export function createPlayedModel(plays: Plays): PlayedModel {
  const requests: ModelRequest[] = [];
  return {
    provider: "played",
    name: "model",
    requests,
    async *stream(request, signal) {
      signal.throwIfAborted();
      const play = typeof plays === "function" ? plays(request) : plays[requests.length];
      requests.push(request);
      yield { kind: "request", mediaType: "application/json", body: bodyOf(request) };
      for (const happening of play ?? says("bye")) {
        signal.throwIfAborted();
        if (happening instanceof Error) throw happening;
        if (happening === "hang") await canceled(signal);
        else if (typeof happening === "function") await happening();
        else yield happening;
      }
    },
  };
}

/** A text in one piece, and the end. */
export function says(text: string): Play {
  return [...starts(text), finish("stop")];
}

/** A text that has only begun. */
export function starts(text: string): Play {
  return [
    { kind: "start", block: "text", of: "text" },
    { kind: "piece", block: "text", text },
  ];
}

/** Tool calls, with their arguments as JSON text, and the end. */
export function calls(...asked: readonly (string | readonly [tool: string, text: string])[]): Play {
  const parts = asked.flatMap((call, i): ModelPart[] => {
    const [tool, text] = typeof call === "string" ? [call, "{}"] : call;
    const block = `call ${i}`;
    return [
      { kind: "start", block, of: "tool_call", providerCallId: `theirs-${i}`, tool },
      { kind: "piece", block, text },
      { kind: "end", block },
    ];
  });
  return [...parts, finish("tool_calls")];
}

export function finish(reason: string): ModelPart {
  return { kind: "finish", reason };
}

function bodyOf({ system, messages, tools }: ModelRequest): Uint8Array {
  const names = tools.map(({ name }) => name);
  const said = messages.map((message) => toJson(MessageSchema, message));
  return new TextEncoder().encode(JSON.stringify({ system, names, said }));
}

function canceled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
