import type { Daphnia } from "@daphnia/client";
import type { TurnFinished, TurnSuspended } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { SuspendReason } from "@daphnia/protocol/session";

/** How following a turn ended: it is over, waits for somebody, or was left. */
export type TurnEnd =
  | { readonly kind: "finished"; readonly finished: TurnFinished }
  | { readonly kind: "suspended"; readonly suspended: TurnSuspended }
  | { readonly kind: "left" };

export interface FollowedTurn {
  readonly sessionId: string;
  readonly turnId: string;
  /** A place before its first event. */
  readonly cursor: string;
}

/** Tells a turn to `onResponse` until it ends, over as many connections as it takes. */
export async function followTurn(
  client: Daphnia,
  { sessionId, turnId, cursor }: FollowedTurn,
  onResponse: (response: WatchResponse) => void | Promise<void>,
  options: { readonly signal: AbortSignal; readonly onResume: (why: string) => void },
): Promise<TurnEnd> {
  const selector = { sessions: [sessionId], turnId };
  let suspended: TurnSuspended | undefined;
  let isLive = false;
  for await (const response of client.watch({ selector, after: cursor, ...options })) {
    await onResponse(response);
    for (const { body } of response.events) {
      if (body.case === "turnFinished") return { kind: "finished", finished: body.value };
      if (body.case === "turnSuspended") suspended = body.value;
      if (body.case === "turnResumed") suspended = undefined;
    }
    isLive ||= response.synced;
    // What is replayed may have been resumed since; a provider's pause ends by itself.
    if (isLive && suspended !== undefined && suspended.reason !== SuspendReason.PROVIDER) {
      return { kind: "suspended", suspended };
    }
  }
  return { kind: "left" };
}
