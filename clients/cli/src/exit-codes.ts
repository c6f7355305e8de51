import { TurnOutcome } from "@daphnia/protocol/session";

/** How `daphnia` ends. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  noDaemon: 3,
  homeInUse: 4,
  denied: 5,
  budget: 6,
  timeout: 7,
  canceled: 130,
} as const;

/** The exit code that tells how a turn ended. */
export function exitCodeOf(outcome: TurnOutcome): number {
  switch (outcome) {
    case TurnOutcome.COMPLETED:
      return exitCodes.ok;
    case TurnOutcome.CANCELED:
      return exitCodes.canceled;
    case TurnOutcome.BUDGET:
      return exitCodes.budget;
    case TurnOutcome.FAILED:
    case TurnOutcome.INTERRUPTED:
    case TurnOutcome.MAX_STEPS:
    case TurnOutcome.UNSPECIFIED:
      return exitCodes.failed;
  }
}
