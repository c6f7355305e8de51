import { toJson } from "@bufbuild/protobuf";
import { type PendingApprovals, watchApprovals } from "@daphnia/client/approvals";
import { type Approval, ApprovalSchema } from "@daphnia/protocol/approval";
import { ListApprovalsResponseSchema } from "@daphnia/protocol/approval_service";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { previewLines } from "../approval-preview.ts";
import { timesText, whatText } from "../approval-text.ts";
import { oneLine, safeJson, shortened, visibleLine } from "../escape-text.ts";
import { resolvedText } from "../event-summary.ts";
import { exitCodes } from "../exit-codes.ts";
import { shortId } from "../find-approval.ts";
import { requireDaemon } from "../find-daemon.ts";
import { catchInterrupts } from "../interrupts.ts";
import { createResumeNotice } from "../resume-notice.ts";
import { createScreen, type Screen } from "../screen.ts";
import { tableOf } from "../table.ts";
import { type Globals, type Target, targetOf } from "../target.ts";
import { commandFor, quoted } from "../typed-command.ts";

export interface ApprovalsOptions extends Globals {
  readonly session?: string;
}

/** Lists what waits for a person, longest waiting first. */
export async function listApprovals(options: ApprovalsOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const asked = { sessionId: options.session ?? "" };
  const answer = await target.client.approvals.listApprovals(asked);
  if (options.json) {
    const { approvals = [], cursor } = toJson(ListApprovalsResponseSchema, answer) as Listed;
    screen.print(safeJson({ approvals, cursor }, 2));
  } else if (answer.approvals.length === 0) {
    screen.say(screen.tint("dim", "nothing waits for an answer"));
  } else {
    const now = Date.now();
    const rows = answer.approvals.map((approval) => rowOf(approval, now));
    const heading = ["APPROVAL", "AGE", "EXPIRES IN", "SESSION", "AGENT", "TOOL", "WHAT", "RULE"];
    for (const line of tableOf(heading, rows, screen.paint)) screen.print(line);
    const how = commandFor(target, `approvals answer ${quoted(answer.approvals[0]?.id ?? "")}`);
    screen.say(screen.tint("dim", `see one whole and answer it: ${how}`));
  }
  return exitCodes.ok;
}

/** The protobuf JSON mapping of a message is an object; empty lists are left out of it. */
interface Listed {
  readonly approvals?: unknown[];
  readonly cursor?: string;
}

function rowOf(approval: Approval, now: number): string[] {
  const { id, sessionId, agent, tool, rule } = approval;
  const { age, left } = timesText(approval, now);
  const what = shortened(visibleLine(whatText(approval)), 60);
  const [session, ...rest] = [sessionId, agent, tool].map(oneLine);
  return [oneLine(shortId(id)), age, left, session ?? "", ...rest, what, visibleLine(rule)];
}

/** Shows what waits, and goes on with what comes and how it is answered. */
export async function followApprovals(options: ApprovalsOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const leave = new AbortController();
  const release = catchInterrupts(
    () => leave.abort(),
    () => process.exit(exitCodes.canceled),
  );
  const notice = createResumeNotice(screen);
  const show = options.json ? jsonView(screen) : view(screen, target);
  try {
    const watching = watchApprovals(target.client, {
      ...(options.session !== undefined && { sessionId: options.session }),
      signal: leave.signal,
      onResume: notice.lost,
      onOpened: notice.back,
    });
    for await (const told of watching) show(told);
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  } finally {
    release();
    screen.close();
  }
  return exitCodes.canceled;
}

type Show = (told: PendingApprovals) => void;

/** A line for each that waits at first, then one for each event that changes what waits. */
function jsonView(screen: Screen): Show {
  return ({ approvals, events }) => {
    const waiting = events.length === 0 ? approvals : [];
    for (const approval of waiting) {
      screen.print(safeJson({ approval: toJson(ApprovalSchema, approval) }));
    }
    for (const event of events) screen.print(safeJson({ event: toJson(EventSchema, event) }));
  };
}

function view(screen: Screen, target: Target): Show {
  const shown = new Set<string>();

  function showOne(approval: Approval): void {
    shown.add(approval.id);
    for (const line of previewLines(approval, Date.now(), screen.paint)) screen.print(line);
    const how = commandFor(target, `approvals answer ${quoted(approval.id)}`);
    screen.print(screen.paint("dim", `  ${how}`));
  }

  function showAnswer({ body, principal }: Event): void {
    if (body.case !== "approvalResolved") return;
    screen.print(`· ${oneLine(resolvedText(body.value, principal))}`);
    shown.delete(body.value.approvalId);
  }

  return ({ approvals, events }) => {
    for (const event of events) showAnswer(event);
    const waiting = new Set(approvals.map(({ id }) => id));
    for (const approval of approvals) if (!shown.has(approval.id)) showOne(approval);
    for (const id of shown) {
      if (waiting.has(id)) continue;
      shown.delete(id);
      screen.print(`· nobody waits for it any more · ${oneLine(id)}`);
    }
    if (events.length === 0 && approvals.length === 0) {
      screen.say(screen.tint("dim", "nothing waits for an answer; watching"));
    }
  };
}
