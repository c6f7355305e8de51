import { type Entry, eventOf } from "./entry.ts";
import { familyOf } from "./event-bodies.ts";

/** Which events a reader wants. Empty lists want everything. */
export interface Selection {
  readonly sessions: readonly string[];
  readonly agents: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly principals: readonly string[];
  /** Kinds of bodies; undefined wants all. */
  readonly kinds: ReadonlySet<number> | undefined;
  readonly turnId: string;
  /** Whether deltas are wanted too. */
  readonly deltas: boolean;
}

export const everything: Selection = {
  sessions: [],
  agents: [],
  labels: {},
  principals: [],
  kinds: undefined,
  turnId: "",
  deltas: true,
};

/** What can be judged without decoding. */
interface Context {
  readonly sessionId: string;
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
}

function fits(selection: Selection, { sessionId, agent, labels }: Context): boolean {
  return (
    (selection.sessions.length === 0 || selection.sessions.includes(sessionId)) &&
    (selection.agents.length === 0 || selection.agents.includes(agent)) &&
    Object.entries(selection.labels).every(([key, value]) => labels[key] === value)
  );
}

/** True where every event is wanted, so that none has to be looked at. */
export function selectsAll({ kinds, labels, turnId, ...lists }: Selection): boolean {
  const { sessions, agents, principals } = lists;
  const named = [sessions, agents, principals, Object.keys(labels)];
  return kinds === undefined && turnId === "" && named.every(({ length }) => length === 0);
}

/** Judged by what was true when the event was committed. */
export function selects(selection: Selection, entry: Entry): boolean {
  if (!fits(selection, entry)) return false;
  if (selection.kinds !== undefined && !selection.kinds.has(entry.kind)) return false;
  if (selection.turnId !== "" && eventOf(entry).turnId !== selection.turnId) return false;
  return (
    selection.principals.length === 0 ||
    selection.principals.includes(eventOf(entry).principal?.id ?? "")
  );
}

interface OpenDraft extends Context {
  readonly turnId: string;
  /** Of a call's output only. */
  readonly outputStart?: unknown;
}

/** Deltas of messages belong to family `step`, those of a call's output to `tool`. */
export function selectsDraft(selection: Selection, draft: OpenDraft): boolean {
  return (
    selection.deltas &&
    (selection.kinds === undefined ||
      wantsFamily(selection.kinds, draft.outputStart === undefined ? "step" : "tool")) &&
    fits(selection, draft) &&
    (selection.turnId === "" || selection.turnId === draft.turnId)
  );
}

/** Whether a set of kinds wants some of a family that deltas follow. */
export function wantsDeltas(kinds: ReadonlySet<number> | undefined): boolean {
  return kinds === undefined || wantsFamily(kinds, "step") || wantsFamily(kinds, "tool");
}

function wantsFamily(kinds: ReadonlySet<number>, family: string): boolean {
  for (const kind of kinds) if (familyOf(kind) === family) return true;
  return false;
}
