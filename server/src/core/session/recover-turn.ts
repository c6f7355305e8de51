import type { Facts } from "../agent/facts.ts";
import type { OpenCall } from "../agent/open-calls.ts";
import { recover } from "../agent/recover.ts";
import type { TurnState } from "../agent/turn-state.ts";
import { type LeftOutput, settleLeftOutput } from "../log/left-output.ts";
import { settleBrokenDrafts } from "./broken-drafts.ts";
import type { SessionDeps } from "./session-deps.ts";

/** What becomes of a session's open turn when the daemon that ran it is gone. */
export interface RecoveredTurn {
  /** To be committed at once. */
  readonly facts: Facts;
  /** Milliseconds to wait before it is resumed; absent where the facts say what comes of it. */
  readonly backOff?: number;
}

/**
 * Ends what its calls have left running, settles what was being written, and
 * decides how it goes on. Undefined where it was suspended, and nothing is to be done.
 */
export async function recoverTurn(
  state: TurnState,
  { sessionId, agent: name }: { readonly sessionId: string; readonly agent: string },
  deps: SessionDeps,
): Promise<RecoveredTurn | undefined> {
  await deps.endOrphans(state.openCalls.flatMap(({ process }) => process ?? []));
  const settled = await settleBrokenDrafts(sessionId, deps);
  if (state.suspended !== undefined && settled.length === 0) return undefined;
  const agent = deps.agents.get(name);
  const tools = agent ? deps.toolsFor(agent) : [];
  const outputs = await leftOutputs(state.openCalls, deps);
  const now = deps.clock.now().getTime();
  const { facts, backOff } = recover(state, { agent, tools, now, outputs });
  // A call that runs again prints anew: only what an answer names is kept.
  const named = facts.flatMap(({ body }) =>
    body.case === "toolCallFinished" && body.value.output ? [body.value.callId] : [],
  );
  return {
    facts: {
      facts: [...settled.flatMap((draft) => draft.facts), ...facts],
      settles: [...settled.flatMap((draft) => draft.settles), ...named],
      blobs: [
        ...settled.flatMap((draft) => draft.blobs),
        ...named.flatMap((callId) => outputs.get(callId)?.blob ?? []),
      ],
    },
    ...(backOff !== undefined && { backOff }),
  };
}

async function leftOutputs(
  openCalls: readonly OpenCall[],
  deps: SessionDeps,
): Promise<ReadonlyMap<string, LeftOutput>> {
  const outputs = new Map<string, LeftOutput>();
  for (const { call, starts } of openCalls) {
    const left = starts > 0 ? await settleLeftOutput(call.callId, deps) : undefined;
    if (left !== undefined) outputs.set(call.callId, left);
  }
  return outputs;
}
