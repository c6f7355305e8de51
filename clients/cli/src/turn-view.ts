import type { Pieces } from "@daphnia/client/pieces";
import type { Event, ToolCallFinished } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { argumentsText } from "./call-text.ts";
import { oneLine, plain, shortened } from "./escape-text.ts";
import { errorText, statusText, summaryOf } from "./event-summary.ts";
import { protoDurationText } from "./figures.ts";
import { partsText } from "./part-text.ts";
import type { Screen } from "./screen.ts";

/** Shows one turn to a person: the answer as data, everything else as talk. */
export interface TurnView {
  apply(response: WatchResponse): Promise<void>;
  close(): void;
}

interface Call {
  readonly tool: string;
  readonly arguments: string;
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

  function show(piece: Awaited<ReturnType<Pieces["ofMessage"]>>[number]): void {
    if (piece.kind === "arguments") return; // the call's row tells them
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

  function finish({ callId, status, duration, parts }: ToolCallFinished): void {
    const call = calls.get(callId);
    clearTimeout(call?.timer);
    calls.delete(callId);
    const isOk = status === ToolCallStatus.OK;
    const mark = isOk ? tint("green", "✓") : tint("red", "✗");
    const name = `${plain(call?.tool ?? callId)} ${call?.arguments ?? ""}`.trimEnd();
    const how = [isOk ? "" : statusText(status), protoDurationText(duration)].filter(Boolean);
    const why = isOk ? "" : `: ${shortened(oneLine(partsText(parts)), 160)}`;
    row(`  ${mark} ${name} ${tint("dim", `${how.join(" · ")}${why}`)}`);
  }

  function start(callId: string): void {
    const call = calls.get(callId);
    if (call === undefined) return;
    call.timer = setTimeout(
      () => row(tint("dim", `  · ${plain(call.tool)} ${call.arguments} still runs`)),
      longCall,
    );
  }

  async function addEvent(event: Event): Promise<void> {
    const { body } = event;
    switch (body.case) {
      case "messageCompleted":
        for (const piece of await pieces.ofMessage(body.value)) show(piece);
        for (const { kind } of body.value.message?.parts ?? []) {
          if (kind.case !== "toolCall") continue;
          const { callId, tool } = kind.value;
          calls.set(callId, { tool, arguments: argumentsText(kind.value.arguments) });
        }
        open = "";
        break;
      case "toolCallStarted":
        start(body.value.callId);
        break;
      case "toolCallProgressed":
        row(tint("dim", `  · ${oneLine(body.value.message)}`));
        break;
      case "toolCallFinished":
        finish(body.value);
        break;
      case "stepRetried":
        row(tint("yellow", `  ↻ ${oneLine(errorText(body.value.reason))}; trying again`));
        break;
      case "turnSuspended":
        row(tint("yellow", `  … suspended: ${oneLine(summaryOf(event))}`));
        break;
      case "turnResumed":
        row(tint("yellow", `  ↻ resumed after an interruption, ${summaryOf(event)}`));
        break;
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
