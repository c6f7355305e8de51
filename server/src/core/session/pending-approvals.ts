import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Approval } from "@daphnia/protocol/approval";
import type { ApprovalResolved } from "@daphnia/protocol/event";
import type { Clock } from "../../base/clock.ts";

/**
 * Who in a turn waits for the answers to its approvals.
 *
 * A1: who waits hears an answer only when it is on record.
 * A2: one whose time is over, by the wall clock, is given to `expire`, which puts
 * the answer on record.
 */
export interface PendingApprovals {
  /** Resolves with the answer; rejects with the signal's reason. */
  wait(approval: Approval, signal: AbortSignal): Promise<ApprovalResolved>;
  /** Tells who waits for it. */
  resolved(answer: ApprovalResolved): void;
}

/** The longest that a timer can be set for. */
const longestTimer = 2 ** 31 - 1;

export function createPendingApprovals(deps: {
  readonly clock: Clock;
  readonly expire: (approvalId: string) => void;
}): PendingApprovals {
  const { clock, expire } = deps;
  const waiting = new Map<string, (answer: ApprovalResolved) => void>();

  /** Watches an approval's time; returns how to stop that. */
  function watch({ id, expireTime }: Approval): () => void {
    let stop = () => {};
    const look = () => {
      const left = (expireTime ? timestampMs(expireTime) : 0) - clock.now().getTime();
      if (left <= 0) expire(id);
      else stop = clock.after(Math.min(left, longestTimer), look);
    };
    look();
    return () => stop();
  }

  return {
    wait(approval, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<ApprovalResolved>();
      if (signal.aborted) return Promise.reject(signal.reason);
      const cancel = () => reject(signal.reason);
      signal.addEventListener("abort", cancel, { once: true });
      waiting.set(approval.id, resolve);
      const stop = watch(approval);
      return promise.finally(() => {
        stop();
        waiting.delete(approval.id);
        signal.removeEventListener("abort", cancel);
      });
    },
    resolved: (answer) => waiting.get(answer.approvalId)?.(answer),
  };
}
