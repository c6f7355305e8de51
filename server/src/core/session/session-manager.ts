import { fromBinary } from "@bufbuild/protobuf";
import { SessionCreatedSchema, SessionDeletedSchema } from "@daphnia/protocol/event";
import { type Session as Head, SessionSchema } from "@daphnia/protocol/session";
import { DaemonError, invalidField, notFound, wrongState } from "../../base/errors.ts";
import { idRule, isId } from "../../base/ids.ts";
import { nearNames } from "../../base/near.ts";
import { body } from "../agent/facts.ts";
import { createSessionWriter, type SessionWriter } from "../log/session-writer.ts";
import type { DaemonJournal } from "./daemon-journal.ts";
import { type Command, createSession, type Session } from "./session.ts";
import type { SessionDeps } from "./session-deps.ts";

export interface NewSession {
  /** Empty: one is minted. */
  readonly id: string;
  readonly agent: string;
  readonly roots: readonly string[];
  readonly cwd: string;
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly model: string;
}

/** Finds sessions by id, and keeps each open one once. */
export interface SessionManager {
  create(input: NewSession, command: Command<Head>): Promise<Head>;
  get(id: string): Promise<Session>;
  /** The head of a session, without opening it. */
  head(id: string): Promise<Head>;
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
    lastUse.set(id, deps.clock.monotonic());
    const found = open.get(id);
    if (found !== undefined) return found;
    await unloadIdle();
    // Looked up again: somebody may have opened it meanwhile.
    return open.get(id) ?? keep(id, read(id));
  }

  /** Nobody gets a session before it has answered for what a crash cut off. */
  async function read(id: string): Promise<Session> {
    const session = createSession(writerOf(id, await readHead(id)), deps);
    await session.recover();
    return session;
  }

  async function unloadIdle(): Promise<void> {
    const before = deps.clock.monotonic() - lease;
    for (const [id, opening] of open) {
      if (open.size <= mostIdle) return;
      const session = await opening.catch(() => undefined);
      const isIdle = session !== undefined && !session.isBusy() && session.head().turnId === "";
      if (isIdle && (lastUse.get(id) ?? 0) < before) forget(id);
    }
  }

  return {
    get,
    async head(id) {
      const session = await open.get(id)?.catch(() => undefined);
      return session?.head() ?? readHead(id);
    },
    async create(input, { by, keep: keepAnswer }) {
      const id = input.id === "" ? deps.mint("session") : input.id;
      const created = body("sessionCreated", SessionCreatedSchema, {
        ...input,
        roots: [...input.roots],
        labels: { ...input.labels },
      });
      const making = async () => {
        await refuseTaken(id, store);
        const writer = writerOf(id, undefined);
        await writer.commit(
          [{ principal: by, body: created }],
          keepAnswer && { answer: keepAnswer },
        );
        return createSession(writer, deps);
      };
      // Somebody may be finding out just now that there is none.
      while (open.has(id)) {
        if (await open.get(id)?.catch(() => undefined)) throw taken(id, "live");
      }
      // Known from its first moment on: two of one id would write to one log.
      const session = await keep(id, making());
      return session.head();
    },
    async delete(id, reason, { by, keep: keepAnswer }) {
      const session = await get(id);
      if (deleting.has(id)) throw notFound("session", id);
      // Nobody opens it again before it is gone: it would go on with its turn.
      deleting.add(id);
      try {
        await session.drop();
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
          deps.onBug(error); // one that cannot be read does not keep the others
        }
      }
      return recovered;
    },
    async close() {
      const sessions = await Promise.allSettled(open.values());
      await Promise.all(
        sessions.map((opened) => (opened.status === "fulfilled" ? opened.value.drop() : undefined)),
      );
      open.clear();
    },
  };
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
