import { createTranscript, type Entry } from "@daphnia/client/transcript";
import type { Approval } from "@daphnia/protocol/approval";
import type {
  Delta,
  Event,
  FileChange,
  ToolCallFinished,
  ToolCallProgressed,
} from "@daphnia/protocol/event";
import type { Principal } from "@daphnia/protocol/principal";
import type { ToolCallStatus } from "@daphnia/protocol/tool";

/** One row of a conversation. `seq` is 0 for what is not settled yet. */
export type Row =
  | {
      readonly kind: "prompt";
      readonly key: string;
      readonly seq: number;
      readonly entry: Entry;
      readonly about: Said;
    }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly seq: number;
      readonly entry: Entry;
      readonly about: Said;
      readonly calls: ReadonlyMap<string, Call>;
    }
  | { readonly kind: "result"; readonly key: string; readonly seq: number; readonly call: Call }
  | { readonly kind: "note"; readonly key: string; readonly seq: number; readonly event: Event };

/** When something was said, and by whom. */
export interface Said {
  readonly time: Event["time"];
  readonly principal: Principal | undefined;
}

/** A tool call as far as it is known. */
export interface Call {
  readonly callId: string;
  readonly status: "requested" | "waiting" | "running" | ToolCallStatus;
  readonly startTime: Event["time"];
  readonly finished: ToolCallFinished | undefined;
  readonly progress: string;
  /** The component that runs it; empty for the daemon itself. */
  readonly component: string;
  readonly pid: number;
  readonly approval: Approval | undefined;
  /** What it printed or answered. */
  readonly result: Entry | undefined;
  readonly changes: readonly FileChange[];
}

/** A stretch of a session's events as the rows that people read. */
export interface Conversation {
  addEvent(event: Event): void;
  addDelta(delta: Delta): void;
  /** The same object for a row that did not change. */
  rows(): readonly Row[];
}

interface Place {
  readonly kind: Row["kind"];
  readonly key: string;
  seq: number;
  about: Said;
  readonly event: Event | undefined;
}

/** Bodies that are rows of their own. */
const noted: ReadonlySet<Event["body"]["case"]> = new Set([
  "stepRetried",
  "turnSuspended",
  "turnResumed",
  "turnFinished",
  "turnReverted",
  "approvalResolved",
  "scopeViolated",
  "sessionUpdated",
]);

export function createConversation(): Conversation {
  const transcript = createTranscript();
  const places = new Map<string, Place>();
  const calls = new Map<string, Call>();
  const callOfApproval = new Map<string, string>();
  /** Who said what was accepted. */
  const speakers = new Map<string, Principal | undefined>();
  let before = new Map<string, Row>();

  function place(kind: Row["kind"], key: string, event?: Event): Place {
    const about = { time: event?.time, principal: event?.principal };
    const found = places.get(key) ?? { kind, key, seq: 0, about, event };
    if (event !== undefined) {
      found.seq = Number(event.seq);
      found.about = about;
    }
    places.set(key, found);
    return found;
  }

  function change(callId: string, news: Partial<Call>): void {
    calls.set(callId, { ...(calls.get(callId) ?? unknownCall(callId)), ...news });
  }

  function noteCall({ body, time }: Event): void {
    switch (body.case) {
      case "toolCallStarted":
        change(body.value.callId, {
          status: "running",
          startTime: time,
          pid: body.value.process?.pid ?? 0,
          component: body.value.component,
        });
        break;
      case "toolCallProgressed":
        change(body.value.callId, { progress: progressText(body.value) });
        break;
      case "toolCallFinished": {
        const { callId, status, changes } = body.value;
        change(callId, { status, changes, finished: body.value, approval: undefined });
        break;
      }
      case "approvalRequested": {
        const { approval } = body.value;
        if (approval === undefined) break;
        callOfApproval.set(approval.id, approval.callId);
        change(approval.callId, { status: "waiting", approval });
        break;
      }
      case "approvalResolved": {
        const callId = callOfApproval.get(body.value.approvalId);
        if (callId !== undefined) change(callId, { status: "requested", approval: undefined });
        break;
      }
    }
  }

  function rowOf(spot: Place, entries: ReadonlyMap<string, Entry>): Row | undefined {
    const { kind, key, seq, about, event } = spot;
    const entry = entries.get(key);
    switch (kind) {
      case "note":
        return event && { kind, key, seq, event };
      case "result":
        return { kind, key, seq, call: callOf(key, entry) };
      case "prompt":
        return entry && { kind, key, seq, entry, about };
      case "message":
        return entry && { kind, key, seq, entry, about, calls: callsOf(entry, entries) };
    }
  }

  function callOf(callId: string, result: Entry | undefined): Call {
    return { ...(calls.get(callId) ?? unknownCall(callId)), result };
  }

  function callsOf(entry: Entry, entries: ReadonlyMap<string, Entry>): Map<string, Call> {
    const own = new Map<string, Call>();
    for (const { kind } of entry.parts) {
      if (kind.case !== "toolCall") continue;
      const { callId } = kind.value;
      own.set(callId, callOf(callId, entries.get(callId)));
    }
    return own;
  }

  function rowsNow(): Row[] {
    const entries = new Map(transcript.entries().map((entry) => [entry.id, entry]));
    /** Calls that are told with the message that asked for them. */
    const asked = new Set<string>();
    const rows: Row[] = [];
    for (const spot of places.values()) {
      const made = asked.has(spot.key) ? undefined : rowOf(spot, entries);
      if (made === undefined) continue;
      const old = before.get(made.key);
      const row = old !== undefined && isSame(old, made) ? old : made;
      for (const callId of callIdsOf(row)) asked.add(callId);
      rows.push(row);
    }
    return rows;
  }

  return {
    addEvent(event) {
      const { body, seq } = event;
      transcript.apply(told([event], []));
      noteCall(event);
      if (body.case === "promptAccepted") speakers.set(body.value.promptId, event.principal);
      if (body.case === "promptDelivered") {
        const principal = event.principal ?? speakers.get(body.value.promptId);
        place("prompt", body.value.promptId, event).about = { time: event.time, principal };
      }
      if (body.case === "messageCompleted") {
        place("message", body.value.draftId || body.value.message?.messageId || "", event);
      }
      if (body.case === "toolCallFinished") place("result", body.value.callId, event);
      if (noted.has(body.case)) place("note", `#${seq}`, event);
    },
    addDelta(delta) {
      transcript.apply(told([], [delta]));
      const { piece, draftId } = delta;
      const isText = piece.case === "text" || (piece.case === "start" && piece.value.callId === "");
      if (isText && !calls.has(draftId)) place("message", draftId);
    },
    rows() {
      const rows = rowsNow();
      before = new Map(rows.map((row) => [row.key, row]));
      return rows;
    },
  };
}

function callIdsOf(row: Row): Iterable<string> {
  return row.kind === "message" ? row.calls.keys() : [];
}

function told(events: Event[], deltas: Delta[]) {
  return {
    $typeName: "daphnia.v1.WatchResponse",
    events,
    deltas,
    synced: false,
    cursor: "",
  } as const;
}

function progressText({ message, done, total }: ToolCallProgressed): string {
  const part = total > 0 ? `${Math.round((done / total) * 100)} %` : "";
  return [part, message].filter(Boolean).join(" · ");
}

function unknownCall(callId: string): Call {
  return {
    callId,
    status: "requested",
    startTime: undefined,
    finished: undefined,
    progress: "",
    component: "",
    pid: 0,
    approval: undefined,
    result: undefined,
    changes: [],
  };
}

function isSame(a: Row, b: Row): boolean {
  if (a.kind === "note") return a.kind === b.kind && a.event === b.event;
  if (a.kind === "prompt") return a.kind === b.kind && a.entry === b.entry;
  if (a.kind === "result") return a.kind === b.kind && isSameCall(a.call, b.call);
  return a.kind === b.kind && a.seq === b.seq && a.entry === b.entry && isSameMap(a.calls, b.calls);
}

function isSameCall(a: Call, b: Call): boolean {
  return (
    a.status === b.status &&
    a.finished === b.finished &&
    a.progress === b.progress &&
    a.approval === b.approval &&
    a.result === b.result &&
    a.startTime === b.startTime
  );
}

function isSameMap(a: ReadonlyMap<string, Call>, b: ReadonlyMap<string, Call>): boolean {
  return (
    a.size === b.size &&
    [...b].every(([id, call]) => {
      const other = a.get(id);
      return other !== undefined && isSameCall(other, call);
    })
  );
}
