import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Agent, ResumePolicy, UnattendedPolicy } from "@daphnia/protocol/agent";
import { nearHint } from "../../base/near-hint.ts";
import { readRule } from "../../core/permission/read-rule.ts";
import { checkMode, checkModel } from "./check-setting.ts";
import { show } from "./config-value.ts";
import { parseDuration } from "./quantity.ts";

/** What the front matter of an agent may say. */
export type AgentFields = Partial<
  Pick<
    Agent,
    | "description"
    | "model"
    | "tools"
    | "maxSteps"
    | "resume"
    | "mode"
    | "rules"
    | "unattended"
    | "approvalTimeout"
    | "envPass"
    | "network"
  >
>;

/** The words of `resume`. */
export const resumeNames: ReadonlyMap<ResumePolicy, string> = new Map([
  [ResumePolicy.AUTO, "auto"],
  [ResumePolicy.ASK, "ask"],
  [ResumePolicy.OFF, "off"],
]);

/** The words of `unattended`. */
export const unattendedNames: ReadonlyMap<UnattendedPolicy, string> = new Map([
  [UnattendedPolicy.DENY, "deny"],
  [UnattendedPolicy.WAIT, "wait"],
]);

const mostSteps = 10_000;

/** The field that a key of the front matter states, or the words for what it must be. */
export function readAgentField(name: string, key: string, value: unknown): AgentFields | string {
  switch (key) {
    case "name":
      if (value === name) return {};
      return `an agent is named by its file: leave name out, or write ${name}, got ${show(value)}`;
    case "description":
      return typeof value === "string"
        ? { description: value }
        : `must be text, got ${show(value)}`;
    case "model":
      return readModel(value);
    case "tools":
      return readTools(value);
    case "max_steps":
      return isSteps(value)
        ? { maxSteps: value }
        : `must be a whole number, 1 to ${mostSteps}, got ${show(value)}`;
    case "mode":
      return checkMode(value) ?? { mode: String(value) };
    case "rules":
      return readRules(value);
    case "resume":
      return readResume(value);
    case "unattended":
      return readUnattended(value);
    case "approval_timeout":
      return readTimeout(value);
    case "env_pass":
      return readVariables(value);
    case "network":
      return typeof value === "boolean"
        ? { network: value }
        : `must be true or false, got ${show(value)}`;
    default:
      return `unknown key${nearHint(key, keys) || `; the front matter of an agent has ${keys.join(", ")}`}`;
  }
}

const keys = [
  "description",
  "model",
  "tools",
  "max_steps",
  "mode",
  "rules",
  "resume",
  "unattended",
  "approval_timeout",
  "env_pass",
  "network",
  "name",
];

function readModel(value: unknown): AgentFields | string {
  if (typeof value !== "string") return `must be provider/model, got ${show(value)}`;
  return checkModel(value) ?? { model: value };
}

/** A list of names, or one text with commas between them. */
function readTools(value: unknown): AgentFields | string {
  const list: unknown = typeof value === "string" ? value.split(",").map((n) => n.trim()) : value;
  const isNames = Array.isArray(list) && list.every((n) => typeof n === "string" && n !== "");
  if (!isNames)
    return `must be a list of tools, such as ["read", "grep"] or ["*"], got ${show(value)}`;
  return { tools: [...new Set<string>(list)] };
}

function readRules(value: unknown): AgentFields | string {
  if (!Array.isArray(value)) return `must be a list of rules, got ${show(value)}`;
  const rules = value.map((one) => readRule(one));
  const wrong = rules.findIndex((rule) => typeof rule === "string");
  if (wrong >= 0) return `rule ${wrong + 1}: ${rules[wrong]}`;
  return { rules: rules.filter((rule) => typeof rule !== "string") };
}

function readResume(value: unknown): AgentFields | string {
  const names = [...resumeNames.values()];
  // YAML 1.1 habits: a bare `off` may be read as a flag.
  const name = value === false ? "off" : value;
  const found = [...resumeNames].find(([, word]) => word === name);
  if (found !== undefined) return { resume: found[0] };
  const hint = typeof value === "string" ? nearHint(value, names) : "";
  return `must be one of ${names.join(", ")}, got ${show(value)}${hint}`;
}

function readUnattended(value: unknown): AgentFields | string {
  const found = [...unattendedNames].find(([, word]) => word === value);
  if (found !== undefined) return { unattended: found[0] };
  return `must be one of ${[...unattendedNames.values()].join(", ")}, got ${show(value)}`;
}

const shortestWait = 100;
const longestWait = 720 * 60 * 60_000;

function readTimeout(value: unknown): AgentFields | string {
  const milliseconds = typeof value === "string" ? parseDuration(value) : undefined;
  const fits = milliseconds !== undefined && milliseconds >= shortestWait;
  if (!fits || milliseconds > longestWait) {
    return `must be a time such as "30m", 100ms to 720h, got ${show(value)}`;
  }
  return { approvalTimeout: durationFromMs(milliseconds) };
}

function readVariables(value: unknown): AgentFields | string {
  const isNames =
    Array.isArray(value) && value.every((name) => /^[A-Za-z_]\w*$/.test(String(name)));
  if (isNames) return { envPass: value.map(String) };
  return `must be a list of environment variables, such as ["GITHUB_TOKEN"], got ${show(value)}`;
}

function isSteps(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= mostSteps;
}
