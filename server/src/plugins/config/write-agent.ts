import { equals } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Agent, AgentSchema, ResumePolicy, UnattendedPolicy } from "@daphnia/protocol/agent";
import { writeRule } from "../../core/permission/write-rule.ts";
import { resumeNames, unattendedNames } from "./agent-fields.ts";
import { joinFrontMatter, splitFrontMatter } from "./front-matter.ts";
import { formatDuration } from "./quantity.ts";
import { readAgent } from "./read-agent.ts";
import { type FieldValue, renewNode } from "./renew-node.ts";

/**
 * The text of an agent's file. What a person wrote into the one before stays
 * where it can: comments, order, and all that the agent does not change.
 */
export async function writeAgent(agent: Agent, before: string | undefined): Promise<string> {
  if (before !== undefined) {
    const edited = await edit(agent, before);
    if (edited !== undefined && (await says(edited, agent))) return edited;
  }
  const { stringify } = await import("yaml");
  const fields = Object.fromEntries(fieldsOf(agent).filter(([, value]) => value !== undefined));
  const yaml = Object.keys(fields).length === 0 ? "" : stringify(fields, { lineWidth: 0 });
  return joinFrontMatter(yaml, `\n${agent.instructions.trim()}\n`);
}

/** The fields of the front matter, in order; undefined for what need not be said. */
function fieldsOf(agent: Agent): [string, FieldValue | undefined][] {
  const resume = agent.resume === ResumePolicy.AUTO ? undefined : resumeNames.get(agent.resume);
  const isDeny = agent.unattended === UnattendedPolicy.DENY;
  const { approvalTimeout: timeout } = agent;
  return [
    ["description", agent.description || undefined],
    ["model", agent.model || undefined],
    ["tools", agent.tools.length === 0 ? undefined : agent.tools],
    ["max_steps", agent.maxSteps || undefined],
    ["mode", agent.mode || undefined],
    ["rules", agent.rules.length === 0 ? undefined : agent.rules.map(writeRule)],
    ["resume", resume],
    ["unattended", isDeny ? undefined : unattendedNames.get(agent.unattended)],
    ["approval_timeout", timeout && formatDuration(durationMs(timeout))],
    ["env_pass", agent.envPass.length === 0 ? undefined : agent.envPass],
    ["network", agent.network || undefined],
  ];
}

/** The text before with what differs set anew; undefined where it is no front matter. */
async function edit(agent: Agent, before: string): Promise<string | undefined> {
  const { isMap, parseDocument } = await import("yaml");
  const parts = splitFrontMatter(before);
  if (parts === undefined) return undefined;
  const document = parseDocument(parts.yaml ?? "");
  const { contents, errors } = document;
  if (errors.length > 0 || (contents !== null && !isMap(contents))) return undefined;
  const changed = await changedFields(agent, before);
  for (const [key, value] of changed) {
    if (value === undefined) document.delete(key);
    else document.set(key, await renewNode(document, key, value));
  }
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  const yaml = changed.length === 0 ? (parts.yaml ?? "") : text === "{}\n" ? "" : text;
  const instructions = agent.instructions.trim();
  const isSame = parts.body.trim() === instructions;
  return joinFrontMatter(yaml, isSame ? parts.body : `\n${instructions}\n`);
}

/** The fields that a file says otherwise; all of them where it is broken. */
async function changedFields(agent: Agent, before: string) {
  const kept = await readAgent(agent.name, before, agent.origin);
  if (kept.kind !== "agent") return fieldsOf(agent);
  const now = new Map(fieldsOf(kept.agent));
  return fieldsOf(agent).filter(
    ([key, value]) => JSON.stringify(now.get(key)) !== JSON.stringify(value),
  );
}

/** Whether a text defines exactly this agent. */
async function says(text: string, agent: Agent): Promise<boolean> {
  const reading = await readAgent(agent.name, text, agent.origin);
  if (reading.kind !== "agent") return false;
  return equals(AgentSchema, plain(reading.agent), plain(agent));
}

function plain(agent: Agent): Agent {
  const instructions = agent.instructions.trim();
  const resume = agent.resume === ResumePolicy.UNSPECIFIED ? ResumePolicy.AUTO : agent.resume;
  const { WAIT, DENY } = UnattendedPolicy;
  const unattended = agent.unattended === WAIT ? WAIT : DENY;
  return { ...agent, instructions, resume, unattended, revision: "", etag: "", origin: "" };
}
