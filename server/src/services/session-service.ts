import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type RevertedFile,
  type SessionUpdated,
  SessionUpdatedSchema,
} from "@daphnia/protocol/event";
import { Scope } from "@daphnia/protocol/principal";
import type { EventRef, Session as Head } from "@daphnia/protocol/session";
import {
  type CreateSessionRequest,
  SessionService,
  TranscriptEntrySchema,
  type UpdateSessionRequest,
} from "@daphnia/protocol/session_service";
import { DaemonError, invalidField, notFound } from "../base/errors.ts";
import { nearNames } from "../base/near.ts";
import { formatCursor } from "../core/log/cursor.ts";
import type { Command } from "../core/session/command.ts";
import { readEvents } from "../core/session/session-events.ts";
import { foldTranscript } from "../core/session/transcript.ts";
import { callerOf } from "./caller.ts";
import { listSessions } from "./list-sessions.ts";
import { promptHandlers } from "./prompt-handlers.ts";
import { required } from "./read-fields.ts";
import type { SessionServiceDeps } from "./session-deps.ts";
import { checkMode } from "./session-mode.ts";
import { getStepRequest } from "./step-request.ts";

const mostLabels = 64;
const updatable = ["title", "labels", "model", "cwd", "roots", "mode"];

export function sessionService(deps: SessionServiceDeps): ServiceImpl<typeof SessionService> {
  const { sessions, log, once } = deps;
  const { method } = SessionService;
  const now = () => formatCursor(log.id, log.head());
  return {
    ...promptHandlers(deps),
    async createSession(request, { values }) {
      const { principal: by, scopes } = callerOf(values);
      const { answer, cursor } = await once(method.createSession, request, {
        by,
        run: async (command: Command<Head>) =>
          sessions.create(await readNewSession(request, scopes, deps), command),
        answer: (session) => ({ session }),
      });
      return { ...answer, cursor };
    },
    async getSession({ sessionId }) {
      // Taken first: going on from it may repeat what the answer shows, never miss any.
      const cursor = now();
      return { session: await sessions.head(required("session_id", sessionId)), cursor };
    },
    listSessions: (request) => listSessions(request, log),
    async updateSession(request, { values }) {
      const caller = callerOf(values);
      const { answer, cursor } = await once(method.updateSession, request, {
        by: caller.principal,
        run: async (command: Command<Head>) => {
          const session = await sessions.get(required("session.id", request.session?.id ?? ""));
          const change = await readChange(request, deps);
          refuseWidening(change, session.head(), caller.scopes);
          if (change.mode !== undefined) {
            const agentMode = deps.modeOf(session.head().agent);
            checkMode("session.mode", change.mode, { agentMode, scopes: caller.scopes });
          }
          return session.update(change, request.session?.etag ?? "", command);
        },
        answer: (head) => ({ session: head }),
      });
      return { ...answer, cursor };
    },
    async deleteSession(request, { values }) {
      const { cursor } = await once(method.deleteSession, request, {
        by: callerOf(values).principal,
        run: async (command: Command<undefined>) => {
          const id = required("session_id", request.sessionId);
          await sessions.delete(id, request.reason, command);
          return undefined;
        },
        answer: () => ({}),
      });
      return { cursor };
    },
    async getTranscript({ sessionId, atSeq }) {
      const cursor = now();
      const head = await sessions.head(required("session_id", sessionId));
      const end = atSeq === 0n ? head.lastSeq : atSeq;
      if (end > head.lastSeq) throw invalidField("at_seq", `must be at most ${head.lastSeq}`);
      const items = await foldTranscript(readEvents(log.store, sessionId, 0, Number(end)));
      const entries = items.map((item) => {
        const { time, principal, ...rest } = item;
        return create(TranscriptEntrySchema, {
          ...rest,
          ...(time && { time }),
          ...(principal && { principal }),
        });
      });
      return { entries, cursor };
    },
    async revertTurn(request, { values }) {
      const { answer, cursor } = await once(method.revertTurn, request, {
        by: callerOf(values).principal,
        run: async (command: Command<readonly RevertedFile[]>) => {
          const session = await sessions.get(required("session_id", request.sessionId));
          return session.revertTurn(required("turn_id", request.turnId), command);
        },
        answer: (files) => ({ files: [...files] }),
      });
      return { ...answer, cursor };
    },
    getStepRequest: (request) => getStepRequest(request, deps),
  };
}

async function readNewSession(
  request: CreateSessionRequest,
  scopes: ReadonlySet<Scope>,
  deps: SessionServiceDeps,
) {
  const agent = request.agent === "" ? "default" : request.agent;
  if (deps.agents.get(agent) === undefined) {
    throw notFound("agent", agent, nearNames(agent, deps.agents.names()));
  }
  refuseManyLabels("labels", request.labels);
  if (request.model !== "") await deps.models.open(request.model);
  const roots = await resolveAll("roots", request.roots, deps);
  const cwd = request.cwd === "" ? (roots[0] ?? "") : await deps.resolveFolder(request.cwd, "cwd");
  const { title, labels, model, mode } = request;
  checkMode("mode", mode, { agentMode: deps.modeOf(agent), scopes });
  const session = { id: request.sessionId, agent, roots, cwd, title, labels, model, mode };
  const { parent } = request;
  if (parent === undefined) return session;
  await refuseMissing(parent, deps);
  return { ...session, parent };
}

async function refuseMissing({ sessionId, seq }: EventRef, { sessions }: SessionServiceDeps) {
  const { lastSeq } = await sessions.head(required("parent.session_id", sessionId));
  if (seq >= 1n && seq <= lastSeq) return;
  throw invalidField("parent.seq", `must be 1 to ${lastSeq}, the session's last event, got ${seq}`);
}

async function readChange(
  { session, updateMask }: UpdateSessionRequest,
  deps: SessionServiceDeps,
): Promise<SessionUpdated> {
  const paths = updateMask?.paths ?? [];
  const unknown = paths.find((path) => !updatable.includes(path));
  if (paths.length === 0 || unknown !== undefined || session === undefined) {
    throw invalidField("update_mask", `must name some of ${updatable.join(", ")}`);
  }
  const has = (path: string) => paths.includes(path);
  if (has("labels")) refuseManyLabels("session.labels", session.labels);
  if (has("model") && session.model !== "") await deps.models.open(session.model);
  const roots = has("roots") ? await resolveAll("session.roots", session.roots, deps) : [];
  return create(SessionUpdatedSchema, {
    ...(has("title") && { title: session.title }),
    ...(has("labels") && { labels: { values: session.labels } }),
    ...(has("model") && { model: session.model }),
    ...(has("mode") && { mode: session.mode }),
    ...(has("cwd") && { cwd: await deps.resolveFolder(session.cwd, "session.cwd") }),
    ...(has("roots") && { roots: { paths: roots } }),
  });
}

function resolveAll(
  field: string,
  paths: readonly string[],
  { resolveFolder }: SessionServiceDeps,
): Promise<string[]> {
  return Promise.all(paths.map((path, i) => resolveFolder(path, `${field}[${i}]`)));
}

/** A caller without SCOPE_ADMIN may take roots away, not add any. */
function refuseWidening(
  { roots, cwd }: SessionUpdated,
  head: Head,
  scopes: ReadonlySet<Scope>,
): void {
  if (scopes.has(Scope.ADMIN)) return;
  const added = [...(roots?.paths ?? []), ...(cwd === undefined ? [] : [cwd])].find(
    (path) => !head.roots.some((root) => path === root || path.startsWith(`${root}/`)),
  );
  if (added === undefined) return;
  throw new DaemonError("permission_denied", `adding ${added} needs SCOPE_ADMIN`, {
    reason: "SCOPE_MISSING",
    metadata: { scope: "SCOPE_ADMIN" },
  });
}

function refuseManyLabels(field: string, labels: Record<string, string>): void {
  const count = Object.keys(labels).length;
  if (count > mostLabels) throw invalidField(field, `at most ${mostLabels}, got ${count}`);
}
