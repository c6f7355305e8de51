import type { PreparedBlob } from "./blob-store.ts";

/** What selectors judge: true at the moment the event was committed. */
export interface Context {
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An event that was encoded and waits for its place. */
export interface NewEvent {
  readonly seq: number;
  /** Field number of the body. */
  readonly kind: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The encoded Event, without cursor. */
  readonly bytes: Uint8Array;
}

/** An event as it is kept. */
export interface StoredEvent extends Context {
  /** Place in the whole log, from 1. */
  readonly position: number;
  readonly sessionId: string;
  readonly seq: number;
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** What a session's projection says after these events. */
export interface HeadRow {
  readonly value: Uint8Array;
  /** True while a turn is open or a prompt waits: such sessions are opened at start. */
  readonly unfinished: boolean;
}

/** Names a write that may be sent twice. */
export interface RequestKey {
  readonly principal: string;
  readonly method: string;
  readonly id: string;
}

/** A write's answer, kept so that the same request gets it again. */
export interface AnsweredRequest extends RequestKey {
  /** The request's bytes; others under the same key are refused. */
  readonly request: Uint8Array;
  readonly answer: Uint8Array;
}

/** A current value with its revision, or its removal. */
export interface RecordChange {
  readonly kind: string;
  readonly id: string;
  readonly revision: number;
  /** Absent: it is gone. */
  readonly value?: Uint8Array;
}

/** What one writer wants committed, all or none. */
export interface Append {
  readonly sessionId: string;
  /** The session's last seq, as its writer knows it. */
  readonly expectedSeq: number;
  readonly events: readonly NewEvent[];
  readonly context: Context;
  readonly head?: HeadRow;
  /** Drafts that end with these events. */
  readonly settles?: readonly string[];
  /** Blobs that these events name. */
  readonly blobs?: readonly PreparedBlob[];
  readonly request?: AnsweredRequest;
  readonly records?: readonly RecordChange[];
}

/** One piece of a draft, in the order it was written. */
export interface StoredPiece {
  /** 0, 1, 2 … in its draft. */
  readonly index: number;
  readonly part: number;
  /** Bytes of this part before this piece. */
  readonly offset: number;
  /** Bytes of the whole draft before this piece. */
  readonly total: number;
  /** Milliseconds since the piece before. */
  readonly delay: number;
  /** True: the bytes are an encoded PartStart. */
  readonly isStart: boolean;
  readonly bytes: Uint8Array;
}

export interface DraftName {
  readonly draftId: string;
  readonly sessionId: string;
  readonly turnId: string;
  readonly step: number;
}

/** A page of the whole log. */
export interface LogPage {
  readonly events: readonly StoredEvent[];
  /** Everything up to here was looked at. */
  readonly reached: number;
}

/** A page of one draft, and where to go on: hand `next` back unread. */
export interface DraftPage {
  readonly pieces: readonly StoredPiece[];
  readonly next: number;
}

/** The most bytes of events in one page, unless the reader says otherwise. */
export const pageBytes = 1024 * 1024;

/**
 * Where events are kept. Implementations prove themselves with
 * testing/event-store-suite.ts.
 *
 * E1: nothing is told, read or counted in `head()` before it is synced.
 * E2: positions only grow, and are never used again.
 * E3: drafts survive the process, not a power cut.
 */
export interface EventStore {
  /** Minted with the store; part of every cursor. */
  readonly logId: string;
  /** The last synced position. */
  head(): number;
  /**
   * Commits, syncs, tells `onCommit`, then resolves. Rejects with `aborted` when
   * the session's last seq is not the expected one: somebody else is writing;
   * with `unavailable` STORE_FULL when there is no space, and then nothing of it
   * was kept.
   */
  append(batch: Append): Promise<void>;
  /** Called with all that became visible, in order of position. Set once. */
  onCommit(listener: (events: readonly StoredEvent[]) => void): void;
  /**
   * Events behind `after` up to `upTo`, of the named sessions where given. A page
   * is bounded in rows and time, so it may be empty and still not reach `upTo`, and
   * holds at most `maxBytes` (default `pageBytes`), or one event.
   */
  readLog(
    after: number,
    upTo: number,
    sessions?: readonly string[],
    maxBytes?: number,
  ): Promise<LogPage>;
  /**
   * Events of a session behind a seq, in order: at most `limit`, and at most
   * `maxBytes` (default `pageBytes`), or one event. None only where there are none.
   */
  readSession(
    sessionId: string,
    afterSeq: number,
    limit: number,
    maxBytes?: number,
  ): Promise<readonly StoredEvent[]>;
  /** The last seq of a session whose position is at most `position`; 0 when none. */
  seqAt(sessionId: string, position: number): Promise<number>;
  /** `live`, `deleted`, or `unknown`: never used. */
  sessionState(sessionId: string): Promise<"live" | "deleted" | "unknown">;
  readHead(sessionId: string): Promise<Uint8Array | undefined>;
  /** Heads by creation, newest first, behind a place; `place` is each one's own. */
  listHeads(
    before: number,
    limit: number,
  ): Promise<readonly { readonly place: number; readonly value: Uint8Array }[]>;
  /** Ids of sessions whose head is unfinished. */
  unfinished(): Promise<readonly string[]>;
  /** Ids of live sessions that start with a prefix, for near names; at most 20. */
  idsLike(prefix: string): Promise<readonly string[]>;
  /**
   * Removes a session's events, drafts, head and blob uses and commits the
   * announcement, all or none. Its id stays taken.
   */
  deleteSession(sessionId: string, announcement: Append): Promise<void>;
  /** Keeps pieces of a draft; they can be read once it resolves. */
  appendDraft(name: DraftName, pieces: readonly StoredPiece[]): Promise<void>;
  /** Drafts of a session that nothing has settled. */
  openDrafts(sessionId: string): Promise<readonly DraftName[]>;
  /** Pieces of a draft from an index; `after` is 0 or the last page's `next`. */
  readDraft(draftId: string, fromIndex: number, after: number): Promise<DraftPage>;
  /**
   * The answer kept for a request, with the position just before its first event.
   * `same` is false where the key was used for other bytes.
   */
  findRequest(
    key: RequestKey,
    request: Uint8Array,
  ): Promise<{ answer: Uint8Array; before: number; same: boolean } | undefined>;
  /** Resolves when everything written so far is synced; the head then. */
  settled(): Promise<number>;
  /** Bytes of its files. */
  size(): Promise<number>;
  /** Undefined while it can write; else why it cannot. */
  trouble(): string | undefined;
  close(): Promise<void>;
}
