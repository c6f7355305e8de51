import { type Approval, ApprovalKind, type Question } from "@daphnia/protocol/approval";
import { timesText } from "./approval-text.ts";
import { toolLines } from "./component-text.ts";
import { safeJson, visible, visibleLine } from "./escape-text.ts";
import { actionText, ruleJson } from "./rule-text.ts";
import type { Paint, Style } from "./screen.ts";
import { tableOf } from "./table.ts";

/**
 * All that a person needs in order to answer: what would happen, why it asks, and what
 * "always" would add. Characters that hide are shown.
 */
export function previewLines(approval: Approval, now: number, paint: Paint): string[] {
  const { id, agent, tool, kind, sessionId } = approval;
  const { left } = timesText(approval, now);
  const verb = verbs[kind] ?? `wants to run ${visibleLine(tool)}`;
  const about = [
    id.startsWith(`${sessionId}/`) ? "" : sessionId,
    id,
    left && `denied if nobody answers within ${left}`,
  ];
  return [
    paint("bold", `${visibleLine(agent) || "an agent"} ${verb}`),
    paint("dim", `  ${visibleLine(about.filter(Boolean).join(" · "))}`),
    ...contentLines(approval, paint),
  ];
}

const verbs: Readonly<Partial<Record<ApprovalKind, string>>> = {
  [ApprovalKind.QUESTION]: "asks",
  [ApprovalKind.TRUST]: "would like to use a component that nobody has trusted yet",
};

function contentLines(approval: Approval, paint: Paint): string[] {
  switch (approval.kind) {
    case ApprovalKind.QUESTION:
      return indented(approval.questions.flatMap(questionLines));
    case ApprovalKind.TRUST:
      return indented(trustLines(approval));
    default:
      return callLines(approval, paint);
  }
}

/** Every tool whole: its words are what models will read. */
function trustLines({ subject }: Approval): string[] {
  if (subject === undefined) return [];
  const { component, manifest, tools } = subject;
  return [
    `${visibleLine(component)} (${manifest.slice(0, 12)}), trusted until any of this changes:`,
    ...tools.flatMap(toolLines),
  ];
}

/** A question with its options, numbered. */
function questionLines({ text, options, multiple }: Question): string[] {
  const several = multiple ? " (several may be chosen: 1, 2)" : "";
  return [
    `${visibleLine(text)}${several}`,
    ...options.map(({ label, description }, i) => {
      const about = description === "" ? "" : `: ${visibleLine(description)}`;
      return `  ${i + 1}  ${visibleLine(label)}${about}`;
    }),
  ];
}

function callLines(approval: Approval, paint: Paint): string[] {
  const { arguments: json, diff, claims, rule, why, rules } = approval;
  const rows = claims.map((claim) =>
    [actionText(claim.action), claim.kind, claim.subject, claim.rule].map(visibleLine),
  );
  const table = rows.length === 0 ? [] : tableOf(["ACTION", "CLAIM", "WHAT", "RULE"], rows, paint);
  return [
    ...indented(diff === "" ? argumentLines(json) : []),
    ...diffLines(diff, paint),
    ...indented(table),
    ...indented([
      [visibleLine(why), rule && `(rule ${visibleLine(rule)})`].filter(Boolean).join(" "),
    ]),
    ...(rules.length === 0 ? [] : [paint("dim", "  always would add:")]),
    ...rules.map((one) => `    ${safeJsonLine(ruleJson(one))}`),
  ];
}

/** Each argument whole, whatever it takes: a person decides about it. */
function argumentLines(json: string): string[] {
  const value = readJson(json);
  if (typeof value !== "object" || value === null) return visible(json).split("\n");
  return Object.entries(value).flatMap(([key, entry]) => {
    const text = typeof entry === "string" ? entry : safeJson(entry);
    const [first = "", ...rest] = visible(text).split("\n");
    return [`${visibleLine(key)}: ${first}`, ...rest.map((line) => `  ${line}`)];
  });
}

function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // it was cut short, or the model wrote no JSON
  }
}

const diffStyles: Readonly<Record<string, Style>> = { "+": "green", "-": "red", "@": "cyan" };

function diffLines(diff: string, paint: Paint): string[] {
  const lines = diff === "" ? [] : diff.replace(/\n$/, "").split("\n");
  return lines.map((line) => {
    const style = diffStyles[line[0] ?? ""];
    const text = `  ${visible(line)}`;
    return style === undefined ? text : paint(style, text);
  });
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Escapes that JSON leaves as they are would hide something. */
function safeJsonLine(value: unknown): string {
  return visibleLine(JSON.stringify(value));
}
