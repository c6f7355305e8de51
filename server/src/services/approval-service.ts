import type { ServiceImpl } from "@connectrpc/connect";
import type { ApprovalService, ExplainCallRequest } from "@daphnia/protocol/approval_service";
import type { Rule } from "@daphnia/protocol/permission";
import { invalidField } from "../base/errors.ts";
import { type Judgement, subjectOf } from "../core/permission/judge.ts";
import { checkRule } from "../core/permission/read-rule.ts";
import type { RuleSet } from "../core/permission/rule-set.ts";
import { required } from "./read-fields.ts";

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
  readonly isSandboxed: boolean;
}

/** What agents may do. */
export interface Permissions {
  list(about: { readonly mode: string; readonly agent: string }): RuleSet;
  explain(order: CallOrder): Promise<{ readonly mode: string; readonly judgement: Judgement }>;
}

export interface ApprovalServiceDeps {
  readonly permissions: Permissions;
  /** The real path of an existing folder; refuses any other, naming the field. */
  readonly resolveFolder: (path: string, field: string) => Promise<string>;
}

export function approvalService(deps: ApprovalServiceDeps): ServiceImpl<typeof ApprovalService> {
  const { permissions } = deps;
  return {
    listRules({ mode, agent }) {
      const { mode: found, rules } = permissions.list({ mode, agent });
      return { mode: found.name, rules: [...rules], otherwise: found.otherwise };
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
