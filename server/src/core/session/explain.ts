import { create } from "@bufbuild/protobuf";
import type { Principal } from "@daphnia/protocol/principal";
import { EventRefSchema, type Session as Head, TurnOutcome } from "@daphnia/protocol/session";
import { causeOf } from "../agent/cause.ts";
import type { TurnState } from "../agent/turn-state.ts";
import type { Fact } from "../log/session-writer.ts";

/** Facts of a turn with what made them happen, and who: `by` is who canceled it. */
export function explain(
  facts: readonly Fact[],
  { head, state, by }: { head: Head; state: TurnState; by: Principal | undefined },
): readonly Fact[] {
  const delivered = facts.flatMap(({ body: what }) =>
    what.case === "promptDelivered" ? [what.value.promptId] : [],
  );
  const waiting = head.queue.filter(({ promptId }) => delivered.includes(promptId));
  const prompts = new Map(waiting.map(({ promptId, seq }) => [promptId, Number(seq)]));
  return facts.map((fact) => {
    const seq = causeOf(fact.body, state, prompts);
    return {
      ...fact,
      ...(seq > 0 && {
        cause: create(EventRefSchema, { sessionId: head.id, seq: BigInt(seq) }),
      }),
      ...(by && isCancel(fact) && { principal: by }),
    };
  });
}

function isCancel({ body: what }: Fact): boolean {
  return what.case === "turnFinished" && what.value.outcome === TurnOutcome.CANCELED;
}
