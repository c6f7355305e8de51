import type { Approval } from "@daphnia/protocol/approval";
import type { Event } from "@daphnia/protocol/event";
import type { Daphnia } from "./client.ts";

/** What waits for a person at one moment. */
export interface PendingApprovals {
  /** Longest waiting first. */
  readonly approvals: readonly Approval[];
  /** What changed it: empty the first time. */
  readonly events: readonly Event[];
}

export interface WatchApprovalsOptions {
  /** Only those of this session. */
  readonly sessionId?: string;
  readonly signal?: AbortSignal;
  /** Told when the watch was cut off and is opened again, and why. */
  readonly onResume?: (why: string) => void;
  /** Told when the watch is open, the first time and again. */
  readonly onOpened?: () => void;
}

const bodies = ["approval_requested", "approval_resolved", "turn_finished", "session_deleted"];

/**
 * What waits for a person, now and after every change, over as many connections as it
 * takes. Leaving the loop cancels it.
 */
export async function* watchApprovals(
  client: Pick<Daphnia, "approvals" | "watch">,
  { sessionId = "", onOpened, ...options }: WatchApprovalsOptions = {},
): AsyncGenerator<PendingApprovals, void, void> {
  const { approvals, cursor } = await client.approvals.listApprovals(
    { sessionId },
    options.signal && { signal: options.signal },
  );
  const pending = new Map(approvals.map((approval) => [approval.id, approval]));
  yield { approvals, events: [] };
  const selector = { bodies, ...(sessionId !== "" && { sessions: [sessionId] }) };
  for await (const response of client.watch({ selector, after: cursor, ...options })) {
    if (response.opened) onOpened?.();
    const events = response.events.filter((event) => change(pending, event));
    if (events.length > 0) yield { approvals: [...pending.values()], events };
  }
}

/** True where an event changed what waits. */
function change(pending: Map<string, Approval>, { body, turnId }: Event): boolean {
  switch (body.case) {
    case "approvalRequested": {
      const { approval } = body.value;
      if (approval === undefined || pending.has(approval.id)) return false;
      pending.set(approval.id, approval);
      return true;
    }
    case "approvalResolved":
      return pending.delete(body.value.approvalId);
    case "turnFinished": // nobody waits any more, whether somebody answered or not
      return removeWhere(pending, (approval) => approval.turnId === turnId);
    case "sessionDeleted": {
      const { sessionId } = body.value;
      return removeWhere(pending, (approval) => approval.sessionId === sessionId);
    }
    default:
      return false; // nothing else was selected
  }
}

function removeWhere(pending: Map<string, Approval>, is: (approval: Approval) => boolean): boolean {
  const gone = [...pending.values()].filter(is);
  for (const { id } of gone) pending.delete(id);
  return gone.length > 0;
}
