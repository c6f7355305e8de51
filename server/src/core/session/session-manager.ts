import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Approval } from "@daphnia/protocol/approval";
import { SessionCreatedSchema, SessionDeletedSchema } from "@daphnia/protocol/event";
import type { Principal } from "@daphnia/protocol/principal";
import { type EventRef, type Session as Head, SessionSchema } from "@daphnia/protocol/session";
import { DaemonError, invalidField, notFound, wrongState } from "../../base/errors.ts";
import { idRule, isId } from "../../base/ids.ts";
import { nearNames } from "../../base/near.ts";
import { body } from "../agent/facts.ts";
import {
  type Along,
  createSessionWriter,
  type Fact,
  type SessionWriter,
} from "../log/session-writer.ts";
import type { Command } from "./command.ts";
import type { DaemonJournal } from "./daemon-journal.ts";
import { type PromptInput, type PromptResult, preparePrompt } from "./new-prompt.ts";
import { createSession, type Session } from "./session.ts";
import type { SessionDeps } from "./session-deps.ts";
import { isFull, whenPossible } from "./when-possible.ts";

export interface NewSession {
  /** Empty: one is minted. */
  readonly id: string;
  readonly agent: string;
  readonly roots: readonly string[];
  readonly cwd: string;
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly model: string;
  /** The permission mode; empty: the agent's. */
  readonly mode: string;
  /** What made somebody create it. */
  readonly parent?: EventRef;
}

/** A session that was begun, and its first prompt. */
export interface Begun extends PromptResult {
  readonly sessionId: string;
}

/** Finds sessions by id, and keeps each open one once. */
export interface SessionManager {
  create(input: NewSession, command: Command<Head>): Promise<Head>;
  /** Creates a session with its first prompt, in one commit. */
  begin(input: NewSession, prompt: PromptInput, command: Command<Begun>): Promise<Begun>;
  get(id: string): Promise<Session>;
  /** The head of a session, without opening it. */
  head(id: string): Promise<Head>;
  /** The approvals that wait for a person, in one session or in all; longest waiting first. */
  approvals(id?: string): Promise<readonly Approval[]>;
  delete(id: string, reason: string, command: Command<undefined>): Promise<void>;
  /** Opens every session that has unfinished work, and answers for what a crash cut off. */
  recover(): Promise<number>;
  /** Leaves all running work off. */
  close(): Promise<void>;
}

/** Sessions that stay open although they are idle, so that the next prompt finds them warm. */
const mostIdle = 32;
/**
 * How long a session stays open after somebody asked for it, in milliseconds: far
 * longer than any caller holds it, so that two of one id never write to one log.
 */
const lease = 2 * 60_000;

export function createSessionManager(deps: SessionDeps, journal: DaemonJournal): SessionManager {
  const { store } = deps.log;
  const open = new Map<string, Promise<Session>>();
  const lastUse = new Map<string, number>();
  const deleting = new Set<string>();
  const closing = new AbortController();

  const writerOf = (id: string, head: Head | undefined): SessionWriter =>
    createSessionWriter(id, head, { log: deps.log, fold: deps.fold, clock: deps.clock });

  async function readHead(id: string): Promise<Head> {
    const bytes = isId(id) ? await store.readHead(id) : undefined;
    if (bytes !== undefined) return fromBinary(SessionSchema, bytes);
    if (!isId(id)) throw invalidField("session_id", `must be ${idRule}, got "${id}"`);
    const similar = await store.idsLike(id.slice(0, Math.max(1, id.length - 4)));
    throw notFound("session", id, nearNames(id, similar));
  }

  function keep(id: string, opening: Promise<Session>): Promise<Session> {
    open.set(id, opening);
    lastUse.set(id, deps.clock.monotonic());
    opening.catch(() => forget(id));
    return opening;
  }

  function forget(id: string): void {
    open.delete(id);
    lastUse.delete(id);
  }

  async function get(id: string): Promise<Session> {
    if (id === journal.sessionId) throw wrongState("the daemon's own session takes no commands");
    if (deleting.has(id)) throw notFound("session", id);
    closing.signal.throwIfAborted();
    lastUse.set(id, deps.clock.monotonic());
    const found = open.get(id);
    if (found !== undefined) return found;
    await unloadIdle();
    closing.signal.throwIfAborted();
    // Looked up again: somebody may have opened it meanwhile.
    return open.get(id) ?? keep(id, read(id));
  }

  /** Nobody gets a session before it has answered for what a crash cut off. */
  async function read(id: string): Promise<Session> {
    const session = createSession(writerOf(id, await readHead(id)), deps);
    await session.recover();
    return session;
  }

  /** Makes a session; what else is known of it from its first moment on is in the same commit. */
  async function make(
    input: NewSession,
    by: Principal,
    also: () => readonly Fact[],
    along?: Along,
  ): Promise<Session> {
    const { parent: cause, ...rest } = input;
    const id = input.id === "" ? deps.mint("session") : input.id;
    const created = body("sessionCreated", SessionCreatedSchema, {
      ...rest,
      title: deps.redactor().text(input.title),
      roots: [...input.roots],
      labels: { ...input.labels },
    });
    const making = async () => {
      await refuseTaken(id, store);
      const writer = writerOf(id, undefined);
      const first = { principal: by, body: created, ...(cause && { cause }) };
      await writer.commit([first, ...also()], along);
      const session = createSession(writer, deps);
      await session.recover();
      return session;
    };
    closing.signal.throwIfAborted();
    await unloadIdle();
    // Somebody may be finding out just now that there is none.
    while (open.has(id)) {
      if (await open.get(id)?.catch(() => undefined)) throw taken(id, "live");
    }
    closing.signal.throwIfAborted();
    // Known from its first moment on: two of one id would write to one log.
    return keep(id, making());
  }

  /** Opens a session for which there was no space, when there is some again. */
  function openLater(id: string): void {
    whenPossible(() => get(id), deps, closing.signal).catch((error: unknown) => {
      if (!closing.signal.aborted) deps.onBug(error);
    });
  }

  async function unloadIdle(): Promise<void> {
    const before = deps.clock.monotonic() - lease;
    for (const [id, opening] of open) {
      if (open.size <= mostIdle) return;
      const session = await opening.catch(() => undefined);
      if (session === undefined || session.isBusy()) continue;
      session.forget();
      const isOver = session.head().turnId === "" && (lastUse.get(id) ?? 0) < before;
      if (isOver) forget(id);
    }
  }

  async function headOf(id: string): Promise<Head> {
    const session = await open.get(id)?.catch(() => undefined);
    return session?.head() ?? readHead(id);
  }

  return {
    get,
    head: headOf,
    async create(input, { by, keep: keepAnswer }) {
      const session = await make(input, by, () => [], keepAnswer && { answer: keepAnswer });
      return session.head();
    },
    async begin(input, said, { by, keep: keepAnswer }) {
      const prompt = await preparePrompt(said, deps);
      const begun = ({ id: sessionId }: Head) => ({ sessionId, ...prompt.result() });
      const accept = () => [prompt.accept({ turnId: "", queue: [] }, by)];
      const session = await make(input, by, accept, {
        blobs: prompt.blobs,
        ...(keepAnswer && { answer: (head) => keepAnswer(begun(head)) }),
      });
      return begun(session.head());
    },
    async approvals(id) {
      const ids = id === undefined ? await store.unfinished() : [id];
      const heads = await Promise.all(ids.map((one) => headOf(one)));
      const asking = heads.filter(({ pendingApprovals }) => pendingApprovals > 0);
      const lists = await Promise.all(asking.map(async (head) => (await get(head.id)).approvals()));
      return lists.flat().toSorted((a, b) => timeOf(a) - timeOf(b));
    },
    async delete(id, reason, { by, keep: keepAnswer }) {
      const session = await get(id);
      if (deleting.has(id)) throw notFound("session", id);
      // Nobody opens it again before it is gone: it would go on with its turn.
      deleting.add(id);
      try {
        await session.drop(beingDeleted(id));
        const { lastSeq } = session.head();
        const deletion = { sessionId: id, lastSeq, reason };
        const deleted = body("sessionDeleted", SessionDeletedSchema, deletion);
        await journal.delete(id, { principal: by, body: deleted }, keepAnswer?.(undefined));
      } finally {
        deleting.delete(id);
        forget(id);
      }
    },
    async recover() {
      const ids = (await store.unfinished()).filter((id) => !id.startsWith("daemon."));
      let recovered = 0;
      for (const id of ids) {
        try {
          await get(id);
          recovered++;
        } catch (error) {
          // One that cannot be read, or written now, does not keep the others.
          if (isFull(error)) openLater(id);
          else deps.onBug(error);
        }
      }
      return recovered;
    },
    async close() {
      const why = stopping();
      closing.abort(why);
      const sessions = await Promise.allSettled(open.values());
      await Promise.all(
        sessions.map((opened) =>
          opened.status === "fulfilled" ? opened.value.drop(why) : undefined,
        ),
      );
      open.clear();
    },
  };
}

function timeOf({ requestTime }: Approval): number {
  return requestTime ? timestampMs(requestTime) : 0;
}

async function refuseTaken(id: string, store: SessionDeps["log"]["store"]): Promise<void> {
  if (!isId(id) || id.startsWith("daemon.")) {
    throw invalidField(
      "session_id",
      `must be ${idRule}, and not start with "daemon.", got "${id}"`,
    );
  }
  const state = await store.sessionState(id);
  if (state !== "unknown") throw taken(id, state);
}

function taken(id: string, state: "live" | "deleted"): DaemonError {
  const message =
    state === "live"
      ? `session "${id}" exists`
      : `session "${id}" was deleted; ids are never used again`;
  return new DaemonError("already_exists", message, { reason: "ALREADY_EXISTS" });
}

function stopping(): DaemonError {
  return new DaemonError("unavailable", "the daemon is stopping; connect again", {
    reason: "SHUTTING_DOWN",
    retryAfter: 1000,
  });
}

function beingDeleted(id: string): DaemonError {
  return new DaemonError("failed_precondition", `session "${id}" is being deleted`, {
    reason: "SESSION_DELETED",
    metadata: { session: id },
  });
}
