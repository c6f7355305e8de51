import type { Session as Head } from "@daphnia/protocol/session";
import type { Fact } from "../log/session-writer.ts";

/** The facts without prompts that were withdrawn meanwhile; none, where one of them would open the turn. */
export function stillTrue(told: readonly Fact[], { queue }: Head): readonly Fact[] {
  const isGone = ({ body: what }: Fact) =>
    what.case === "promptDelivered" &&
    !queue.some(({ promptId }) => promptId === what.value.promptId);
  if (!told.some(isGone)) return told;
  const isOpening = told.some(({ body: what }) => what.case === "turnStarted");
  return isOpening ? [] : told.filter((fact) => !isGone(fact));
}
