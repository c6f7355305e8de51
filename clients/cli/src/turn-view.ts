import type { Piece, Pieces } from "@daphnia/client/pieces";
import type { Event, MessageCompleted, ToolCallFinished } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import type { ToolCall } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { argumentsText } from "./call-text.ts";
import { oneLine, plain, shortened } from "./escape-text.ts";
import { changesText, errorText, resolvedText, statusText, summaryOf } from "./event-summary.ts";
import { protoDurationText } from "./figures.ts";
import { partsText } from "./part-text.ts";
import { planLines } from "./plan-lines.ts";
import type { Screen, Style } from "./screen.ts";

/** Shows one turn to a person: the answer as data, everything else as talk. */
export interface TurnView {
  apply(response: WatchResponse): Promise<void>;
  close(): void;
}

interface Call {
  readonly tool: string;
  readonly arguments: string;
  /** The tasks of a plan. */
  readonly plan: readonly string[];
  /** The end of what it printed. */
  printed: string;
  timer?: NodeJS.Timeout;
}

/** Milliseconds after which a call that still runs is worth a row. */
const longCall = 1500;

export function createTurnView(screen: Screen, pieces: Pieces): TurnView {
  const calls = new Map<string, Call>();
  const { tint } = screen;
  /** The part that was written last, and whether anything of the answer was. */
  let open = "";
  let hasSpoken = false;

  function show(piece: Piece): void {
    if (piece.kind === "arguments") return; // the call's row tells them
    if (piece.kind === "output") {
      const call = calls.get(piece.draftId);
      if (call !== undefined) call.printed = `${call.printed}${piece.text}`.slice(-1000);
      return;
    }
    const key = `${piece.kind} ${piece.draftId} ${piece.part}`;
    const isNew = key !== open;
    open = key;
    if (piece.kind === "thinking") {
      if (isNew) screen.closeTalk();
      screen.murmur(tint("dim", plain(piece.text)));
      return;
    }
    if (isNew) startAnswer();
    screen.write(plain(piece.text));
  }

  /** Every message of the answer begins on a line of its own. */
  function startAnswer(): void {
    screen.closeTalk();
    if (hasSpoken) {
      screen.closeData();
      screen.write("\n");
    }
    hasSpoken = true;
  }

  function row(text: string): void {
    open = "";
    screen.say(text);
  }

  function finish({ callId, status, duration, parts, changes }: ToolCallFinished): void {
    const call = calls.get(callId);
    clearTimeout(call?.timer);
    calls.delete(callId);
    pieces.forget(callId);
    const isOk = status === ToolCallStatus.OK;
    const mark = isOk ? tint("green", "✓") : tint("red", "✗");
    const name = `${plain(call?.tool ?? callId)} ${call?.arguments ?? ""}`.trimEnd();
    const facts = [isOk ? "" : statusText(status), protoDurationText(duration)];
    const how = [...facts, oneLine(changesText(changes))].filter(Boolean);
    const why = isOk ? "" : `: ${shortened(oneLine(partsText(parts)), 160)}`;
    row(`  ${mark} ${name} ${tint("dim", `${how.join(" · ")}${why}`)}`);
    if (isOk) for (const line of call?.plan ?? []) row(`    ${line}`);
  }

  function start(callId: string): void {
    const call = calls.get(callId);
    if (call === undefined) return;
    call.timer = setTimeout(() => {
      const line = shortened(oneLine(lastLine(call.printed).trim()), 100);
      const printed = line === "" ? "" : `: ${line}`;
      row(tint("dim", `  · ${plain(call.tool)} ${call.arguments} still runs${printed}`));
    }, longCall);
  }

  async function complete(completed: MessageCompleted): Promise<void> {
    for (const piece of await pieces.ofMessage(completed)) show(piece);
    for (const { kind } of completed.message?.parts ?? []) {
      if (kind.case === "toolCall") calls.set(kind.value.callId, callOf(kind.value));
    }
    open = "";
  }

  async function addEvent(event: Event): Promise<void> {
    const { body } = event;
    switch (body.case) {
      case "messageCompleted":
        await complete(body.value);
        break;
      case "toolCallStarted":
        start(body.value.callId);
        break;
      case "toolCallFinished":
        finish(body.value);
        break;
      default: {
        const notice = noticeOf(event);
        if (notice !== undefined) row(tint(notice.style, `  ${notice.text}`));
      }
    }
  }

  return {
    async apply({ events, deltas }) {
      for (const event of events) await addEvent(event);
      for (const delta of deltas) {
        const piece = pieces.ofDelta(delta);
        if (piece !== undefined) show(piece);
      }
    },
    close() {
      for (const { timer } of calls.values()) clearTimeout(timer);
      screen.close();
    },
  };
}

/** The last line that holds something. */
function lastLine(text: string): string {
  return text.split("\n").findLast((line) => line.trim() !== "") ?? "";
}

function callOf({ tool, arguments: json }: ToolCall): Call {
  const plan = tool === "plan" ? planLines(json) : undefined;
  const shown = plan === undefined ? argumentsText(json) : "";
  return { tool, arguments: shown, plan: plan ?? [], printed: "" };
}

/** What else is worth a row of its own. */
function noticeOf(event: Event): { readonly style: Style; readonly text: string } | undefined {
  const { body, principal } = event;
  switch (body.case) {
    case "toolCallProgressed":
      return { style: "dim", text: `· ${oneLine(body.value.message)}` };
    case "approvalResolved":
      return { style: "dim", text: `· ${oneLine(resolvedText(body.value, principal))}` };
    case "scopeViolated":
      return { style: "red", text: `✗ not granted: ${oneLine(body.value.what)}` };
    case "stepRetried":
      return {
        style: "yellow",
        text: `↻ ${oneLine(errorText(body.value.reason))}; trying again`,
      };
    case "turnSuspended":
      return { style: "yellow", text: `… suspended: ${oneLine(summaryOf(event))}` };
    case "turnResumed":
      return { style: "yellow", text: `↻ resumed after an interruption, ${summaryOf(event)}` };
    default:
      return undefined;
  }
}
