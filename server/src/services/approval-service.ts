import type { ServiceImpl } from "@connectrpc/connect";
import { ApprovalService, type ExplainCallRequest } from "@daphnia/protocol/approval_service";
import type { ApprovalResolved } from "@daphnia/protocol/event";
import type { Rule } from "@daphnia/protocol/permission";
import { invalidField, notFound } from "../base/errors.ts";
import { isId } from "../base/ids.ts";
import { nearNames } from "../base/near.ts";
import { formatCursor } from "../core/log/cursor.ts";
import type { Log } from "../core/log/log.ts";
import { type Judgement, subjectOf } from "../core/permission/judge.ts";
import { checkRule } from "../core/permission/read-rule.ts";
import type { RuleSet } from "../core/permission/rule-set.ts";
import type { Command } from "../core/session/command.ts";
import type { Asked } from "../core/session/daemon-journal.ts";
import type { Session } from "../core/session/session.ts";
import type { SessionManager } from "../core/session/session-manager.ts";
import { callerOf } from "./caller.ts";
import type { Once } from "./once.ts";
import { required } from "./read-fields.ts";

/** Characters of a reason. */
const mostReason = 4096;

/** A call that nobody makes. Folders are real and absolute. */
export interface CallOrder {
  readonly tool: string;
  readonly arguments: string;
  /** Empty: the agent's, or else the daemon's. */
  readonly mode: string;
  /** Empty: none. */
  readonly agent: string;
  readonly roots: readonly string[];
  readonly cwd: string;
  /** In place of the owner's; undefined: the owner's. */
  readonly rules: readonly Rule[] | undefined;
  /** Undefined: as it is now. */
  readonly isSandboxed: boolean | undefined;
}

/** What agents may do. */
export interface Permissions {
  list(about: { readonly mode: string; readonly agent: string }): RuleSet;
  explain(order: CallOrder): Promise<{ readonly mode: string; readonly judgement: Judgement }>;
}

/** Rules that people allowed for always. */
export interface KeptRules {
  /** Takes one back; refuses a name that none has. */
  revoke(name: string, asked: Asked): Promise<void>;
}

/** The rules that a folder brings along. */
export interface Project {
  /** SHA-256 of the file; empty where there is none. */
  readonly contentHash: string;
  readonly rules: readonly Rule[];
  /** Why it cannot be used; empty where it can. */
  readonly problem: string;
  readonly trusted: boolean;
}

export interface Projects {
  get(folder: string): Project;
  /** Trusts the content that was read; an empty hash takes the trust back. */
  trust(folder: string, contentHash: string, asked: Asked): Promise<void>;
}

export interface ApprovalServiceDeps {
  readonly projects: Projects;
  readonly permissions: Permissions;
  readonly keptRules: KeptRules;
  readonly sessions: SessionManager;
  readonly once: Once;
  readonly log: Log;
  /** The real path of an existing folder; refuses any other, naming the field. */
  readonly resolveFolder: (path: string, field: string) => Promise<string>;
}

export function approvalService(deps: ApprovalServiceDeps): ServiceImpl<typeof ApprovalService> {
  const { permissions, keptRules, sessions, once, log } = deps;
  const { method } = ApprovalService;
  return {
    async listApprovals({ sessionId }) {
      const cursor = formatCursor(log.id, log.head());
      return { approvals: [...(await sessions.approvals(sessionId || undefined))], cursor };
    },
    async resolveApproval(request, { values }) {
      const { principal: by, transport, peer } = callerOf(values);
      const { answer, cursor } = await once(method.resolveApproval, request, {
        by,
        run: async (command: Command<ApprovalResolved>) => {
          const { choice, reason, answers } = request;
          const approvalId = required("approval_id", request.approvalId);
          if (reason.length > mostReason) {
            throw invalidField("reason", `must have at most ${mostReason} characters`);
          }
          const session = await sessionOf(approvalId, deps);
          const from = transport === "socket" ? transport : peer;
          const given = { approvalId, choice, reason, answers, peer: from };
          return session.resolveApproval(given, command);
        },
        answer: (resolved) => ({ resolved }),
      });
      return { ...answer, cursor };
    },
    async revokeRule(request, { values }) {
      const { cursor } = await once(method.revokeRule, request, {
        by: callerOf(values).principal,
        run: async ({ by, keep }: Command<undefined>) => {
          const name = required("name", request.name);
          await keptRules.revoke(name, { by, ...(keep && { request: keep(undefined) }) });
          return undefined;
        },
        answer: () => ({}),
      });
      return { cursor };
    },
    listRules({ mode, agent }) {
      const { mode: found, rules } = permissions.list({ mode, agent });
      return { mode: found.name, rules: [...rules], otherwise: found.otherwise };
    },
    async getProject(request) {
      const folder = await deps.resolveFolder(request.folder, "folder");
      const { rules, ...project } = deps.projects.get(folder);
      return { ...project, rules: [...rules] };
    },
    async trustProject(request, { values }) {
      const { cursor } = await once(method.trustProject, request, {
        by: callerOf(values).principal,
        run: async ({ by, keep }: Command<undefined>) => {
          const folder = await deps.resolveFolder(request.folder, "folder");
          const asked = { by, ...(keep && { request: keep(undefined) }) };
          await deps.projects.trust(folder, request.contentHash, asked);
          return undefined;
        },
        answer: () => ({}),
      });
      return { cursor };
    },
    async explainCall(request) {
      const { mode, judgement } = await permissions.explain(await readOrder(request, deps));
      const { action, rule, why, claims } = judgement;
      const told = claims.map(({ claim, ...verdict }) => ({
        kind: claim.kind,
        subject: subjectOf(claim),
        ...verdict,
      }));
      return { action, rule, why, claims: told, mode };
    },
  };
}

/** An approval's id begins with that of its session. */
async function sessionOf(approvalId: string, { sessions }: ApprovalServiceDeps): Promise<Session> {
  const [id = "", rest] = approvalId.split("/");
  if (rest !== undefined && isId(id)) return sessions.get(id);
  const pending = (await sessions.approvals()).map((approval) => approval.id);
  throw notFound("approval", approvalId, nearNames(approvalId, pending));
}

async function readOrder(
  request: ExplainCallRequest,
  { resolveFolder }: ApprovalServiceDeps,
): Promise<CallOrder> {
  const tool = required("tool", request.tool);
  request.rules.forEach((rule, index) => {
    const problem = checkRule(rule);
    if (problem !== undefined) throw invalidField(`rules[${index}]`, problem);
  });
  const given = request.cwd || request.roots[0];
  if (given === undefined) throw invalidField("roots", "name a root, or a cwd");
  const cwd = await resolveFolder(given, request.cwd === "" ? "roots" : "cwd");
  const roots = await Promise.all(request.roots.map((root) => resolveFolder(root, "roots")));
  const { mode, agent, arguments: text, sandbox: isSandboxed, replaceRules } = request;
  return {
    ...{ tool, arguments: text, mode, agent, cwd, isSandboxed },
    roots: roots.length === 0 ? [cwd] : roots,
    rules: replaceRules ? request.rules : undefined,
  };
}
