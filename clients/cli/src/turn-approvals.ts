import type { Daphnia } from "@daphnia/client";
import type { Approval } from "@daphnia/protocol/approval";
import type { Event } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { previewLines } from "./approval-preview.ts";
import { askDecision } from "./ask-decision.ts";
import { describeError } from "./describe-error.ts";
import type { Dialog } from "./dialog.ts";
import type { Screen } from "./screen.ts";

/** Puts the approvals that a turn waits for to the person who follows it. */
export interface TurnApprovals {
  apply(response: WatchResponse): void;
  /** While something else is written: `hide` before it, `show` behind it. */
  hide(): void;
  show(): void;
  close(): void;
}

interface TurnApprovalsOptions {
  readonly client: Daphnia;
  readonly screen: Screen;
  /** How an approval is answered from elsewhere: a command line. */
  readonly howToAnswer: (approval: Approval) => string;
  /** Where somebody sits there: asks them. */
  readonly openDialog: (() => Dialog) | undefined;
}

/**
 * One question at a time, in the order in which they came. Whoever answers first, here
 * or anywhere, ends it.
 */
export function createTurnApprovals({
  client,
  screen,
  howToAnswer,
  openDialog,
}: TurnApprovalsOptions): TurnApprovals {
  const pending = new Map<string, Approval>();
  let dialog: Dialog | undefined;
  /** The question that is open. */
  let open: { readonly id: string; readonly leave: AbortController } | undefined;
  let isAsking = false;
  let isClosed = false;

  function forget(id: string): void {
    pending.delete(id);
    if (open?.id === id) open.leave.abort();
  }

  function addEvent({ body }: Event): void {
    switch (body.case) {
      case "approvalRequested":
        if (body.value.approval) pending.set(body.value.approval.id, body.value.approval);
        break;
      case "approvalResolved":
        forget(body.value.approvalId);
        break;
      case "toolCallFinished":
        for (const { id, callId } of pending.values()) if (callId === body.value.callId) forget(id);
        break;
    }
  }

  async function askAll(openIt: () => Dialog): Promise<void> {
    for (let next = first(); next !== undefined && !isClosed; next = first()) {
      await askOne(next, openIt);
      pending.delete(next.id);
    }
  }

  function first(): Approval | undefined {
    return pending.values().next().value;
  }

  async function askOne(approval: Approval, openIt: () => Dialog): Promise<void> {
    const leave = new AbortController();
    open = { id: approval.id, leave };
    for (const line of previewLines(approval, Date.now(), screen.tint)) screen.say(line);
    dialog ??= openIt();
    const decision = await askDecision(approval, { dialog, say: screen.say }, leave.signal);
    open = undefined;
    if (leave.signal.aborted || isClosed) return;
    if (decision === undefined) {
      screen.say(`it still waits: ${howToAnswer(approval)}`);
      return;
    }
    try {
      await client.approvals.resolveApproval({ approvalId: approval.id, ...decision });
    } catch (error) {
      screen.say(screen.tint("red", describeError(error).message));
    }
  }

  function tellAll(): void {
    for (const approval of pending.values()) {
      for (const line of previewLines(approval, Date.now(), screen.tint)) screen.say(line);
      screen.say(`  it waits for an answer: ${howToAnswer(approval)}`);
    }
    pending.clear();
  }

  return {
    apply({ events }) {
      for (const event of events) addEvent(event);
      if (openDialog === undefined) tellAll();
      else if (pending.size > 0 && !isAsking) {
        isAsking = true;
        // It tells what goes wrong itself, and ends with `close` at the latest.
        void askAll(openDialog).finally(() => {
          isAsking = false;
        });
      }
    },
    hide: () => dialog?.hide(),
    show: () => dialog?.show(),
    close() {
      isClosed = true;
      open?.leave.abort();
      dialog?.close();
    },
  };
}
