import { type Message, type Part, Role } from "@daphnia/protocol/message";
import type { Fillings } from "./placeholders.ts";
import type { Script, ScriptStep } from "./script.ts";

/** Where in a script a request stands. */
export interface ScriptPlace {
  /** How many prompts came before this one. */
  readonly turn: number;
  /** How many answers the model has given since this prompt. */
  readonly step: number;
  /** The id of the message that opened the turn; empty when there is none. */
  readonly opener: string;
  readonly fillings: Fillings;
}

/**
 * Reads the place from the history alone, so that it is the same after a restart
 * and for whoever asks. Every user message opens a turn, but for one that follows
 * a tool's answer, or another such: that one steers the turn which is running.
 * A prompt after a turn that was cut off between its steps looks the same, and
 * goes on with that turn's script.
 */
export function placeOf(messages: readonly Message[]): ScriptPlace {
  let turn = -1;
  let step = 0;
  let opener = "";
  let prompt = "";
  let results: string[] = [];
  let steering = false;
  for (const message of messages) {
    switch (message.role) {
      case Role.USER:
        prompt = textOf(message.parts);
        if (steering) break;
        turn++;
        step = 0;
        opener = message.messageId;
        results = [];
        break;
      case Role.ASSISTANT:
        step++;
        results = [];
        steering = false;
        break;
      case Role.TOOL:
        results.push(...resultsOf(message));
        steering = true;
        break;
      case Role.UNSPECIFIED:
        break;
    }
  }
  return { turn: Math.max(turn, 0), step, opener, fillings: { prompt, results } };
}

/** The step that a script has for a place, or undefined when it has no more. */
export function stepAt(script: Script, place: ScriptPlace): ScriptStep | undefined {
  const { length } = script.turns;
  const turn = script.repeat === "last" ? Math.min(place.turn, length - 1) : place.turn % length;
  return script.turns[turn]?.steps[place.step];
}

function resultsOf(message: Message): string[] {
  return message.parts.flatMap(({ kind }) =>
    kind.case === "toolResult" ? [textOf(kind.value.parts)] : [],
  );
}

function textOf(parts: readonly Part[]): string {
  return parts.flatMap(({ kind }) => (kind.case === "text" ? [kind.value] : [])).join("\n");
}
