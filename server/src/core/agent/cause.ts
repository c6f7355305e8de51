import type { EventBody } from "../log/event-bodies.ts";
import type { TurnState } from "./turn-state.ts";

/**
 * Seq of the event that made a fact of a turn happen; 0 when none did. `prompts`
 * are the seqs of waiting prompts by their ids.
 */
export function causeOf(
  body: EventBody,
  state: TurnState,
  prompts: ReadonlyMap<string, number>,
): number {
  switch (body.case) {
    case "promptDelivered":
      return prompts.get(body.value.promptId) ?? 0;
    case "turnStarted": {
      const [opening] = prompts.values();
      return opening ?? 0;
    }
    case "stepStarted":
      return state.startSeq;
    case "stepRetried":
    case "messageCompleted":
    case "stepFinished":
      return state.stepSeq;
    case "toolCallStarted":
    case "toolCallFinished":
    case "toolCallProgressed":
    case "modelSampled":
    case "approvalRequested":
    case "approvalResolved":
    case "scopeViolated":
      return state.messageSeq;
    case "turnFinished":
      return state.startSeq;
    default:
      return 0;
  }
}
