import type { Spending } from "@daphnia/client/spending";
import type { SessionSpan } from "@daphnia/client/trace-spans";
import { shortened } from "./escape-text.ts";
import { durationText, moneyText } from "./figures.ts";
import type { Paint, Style } from "./screen.ts";
import { rowOfSession, type TraceRow } from "./trace-rows.ts";

interface Line {
  readonly label: string;
  readonly style: Style | undefined;
  readonly cells: readonly string[];
}

const headings = ["TIME", "IN", "CACHED", "OUT", "COST"];
/** What is shown where there is less and less room. */
const choices = [[0, 1, 2, 3, 4], [0, 1, 3, 4], [0, 4], [0]];
const leastLabel = 32;
/** Columns where there is no end of them: beyond, nobody finds the figures of a line. */
const widest = 200;

/** A trace as lines: the tree at the left, figures at the right; the last says where time went. */
export function traceLines(root: SessionSpan, columns: number, paint: Paint): string[] {
  const lines = linesOf(rowOfSession(root), "", "");
  const shown = columnsFor(lines, columns);
  const cellsOf = (cells: readonly string[]) => shown.map((i) => cells[i] ?? "");
  const heading = cellsOf(headings);
  const widths = heading.map((title, i) =>
    Math.max(title.length, ...lines.map(({ cells }) => cellsOf(cells)[i]?.length ?? 0)),
  );
  const figures = widths.reduce((sum, width) => sum + width + 2, 0);
  const longest = Math.max(...lines.map(({ label }) => [...label].length));
  const room = Math.max(12, Math.min(longest, Math.min(columns, widest) - figures));
  const lineOf = (label: string, cells: readonly string[], style: Style | undefined) => {
    const cut = shortened(label, room);
    const padded = cut + " ".repeat(room - [...cut].length);
    const right = cells.map((cell, i) => `  ${cell.padStart(widths[i] ?? 0)}`).join("");
    return `${style === undefined ? padded : paint(style, padded)}${right}`.trimEnd();
  };
  return [
    paint("dim", lineOf("", heading, undefined)),
    ...lines.map(({ label, cells, style }) => lineOf(label, cellsOf(cells), style)),
    ...timeLines(root, columns, paint),
  ];
}

function linesOf(row: TraceRow, first: string, rest: string): Line[] {
  const { label, style, time, spent, below } = row;
  const figures = spent === undefined ? ["", "", "", ""] : cellsOfSpending(spent);
  return [
    { label: `${first}${label}`, style, cells: [time, ...figures] },
    ...below.flatMap((child, i) => {
      const isLast = i === below.length - 1;
      return linesOf(child, `${rest}${isLast ? "└ " : "├ "}`, `${rest}${isLast ? "  " : "│ "}`);
    }),
  ];
}

/** What is unknown is called so; what is a lower bound too. */
function cellsOfSpending({ usage, usageIncomplete, cost, costIncomplete }: Spending): string[] {
  const least = (text: string, isLeast: boolean) => (isLeast ? `≥${text}` : text);
  const unknown = (isUnknown: boolean) => (isUnknown ? "unknown" : "");
  const tokens = (count: number | undefined) =>
    count === undefined ? unknown(usageIncomplete) : least(String(count), usageIncomplete);
  return [
    tokens(usage?.inputTokens),
    // "At least 0" would say nothing.
    tokens(usageIncomplete ? usage?.cacheReadTokens || undefined : usage?.cacheReadTokens),
    tokens(usage?.outputTokens),
    cost === undefined
      ? unknown(costIncomplete)
      : least(moneyText(cost.currency, cost.nanos), costIncomplete),
  ];
}

/** The columns that leave enough room for the tree; the cached ones only where there are any. */
function columnsFor(lines: readonly Line[], columns: number): readonly number[] {
  const isCached = lines.some(({ cells }) => /[1-9]/.test(cells[2] ?? ""));
  const fitting = choices.slice(isCached ? 0 : 1).find((choice) => {
    const width = (i: number) =>
      Math.max(headings[i]?.length ?? 0, ...lines.map(({ cells }) => cells[i]?.length ?? 0)) + 2;
    return columns - choice.reduce((sum, i) => sum + width(i), 0) >= leastLabel;
  });
  return fitting ?? [0];
}

function timeLines({ time, turns }: SessionSpan, columns: number, paint: Paint): string[] {
  if (turns.every(({ status }) => status === "queued")) return [];
  const parts = (["model", "tools", "waiting", "other"] as const).map(
    (part) => `${part} ${durationText(time[part])}`,
  );
  const line = parts.join(" · ");
  const told = line.length <= columns ? [line] : parts;
  return ["", ...told.map((text) => paint("dim", text))];
}
