import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { cacheFolder, repository } from "./bench-package.ts";
import type { Figure, Question } from "./question.ts";

interface Answer {
  readonly question: Question;
  readonly figures: readonly Figure[];
}

const widths = [60, 18, 18, 12] as const;

/** A number without its machine is a rumour. */
function machine(): string {
  const model = cpus()[0]?.model ?? "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} × ${model}, ${memory} GB, ${type()} ${release()}, Node ${process.version}`;
}

export function printHead(isQuick: boolean): void {
  console.log(machine());
  if (isQuick) console.log("quick: few runs, the figures are only a hint");
  console.log(cells(["", "measured", "baseline", "target", ""]));
}

export function printAnswer({ asks, notMeasured }: Question, figures: readonly Figure[]): void {
  console.log(`\n${asks}`);
  for (const figure of figures) {
    const { name, value, baseline = "", target = "" } = figure;
    console.log(cells([`  ${name}`, value, baseline, target, verdict(figure)]));
  }
  console.log(`  not measured: ${notMeasured}`);
}

function cells(texts: readonly string[]): string {
  return texts
    .map((text, i) => text.padEnd(widths[i] ?? 0))
    .join(" ")
    .trimEnd();
}

function verdict({ isMet }: Figure): string {
  if (isMet === undefined) return "";
  return isMet ? "ok" : "MISS";
}

/** Keeps a picture in docs, or where it can be looked at; tells where. */
export function keepPicture(name: string, svg: string, isWritten: boolean): string {
  const folder = isWritten ? join(repository, "docs") : cacheFolder;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, pictureFile(name));
  writeFileSync(file, svg);
  return file;
}

function pictureFile(name: string): string {
  return `performance-${name}.svg`;
}

/** Keeps the table in docs/performance.md. */
export function writeReport(
  answers: readonly Answer[],
  { isQuick, seconds }: { isQuick: boolean; seconds: number },
): void {
  const lines = [
    "# Performance",
    "",
    "Written by `npm run bench -- --write`; do not edit. Each figure is a median of several runs,",
    "unless it says otherwise, taken in turns with its baseline, so that a busy machine troubles both",
    "alike. Compare within one run only.",
    "",
    `- machine: ${machine()}`,
    `- date: ${new Date().toISOString().slice(0, 10)}, ${seconds.toFixed(0)} s${isQuick ? ", **quick: only a hint**" : ""}`,
    ...answers.flatMap(section),
  ];
  writeFileSync(join(repository, "docs/performance.md"), `${lines.join("\n")}\n`);
}

function section({ question, figures }: Answer): readonly string[] {
  return [
    "",
    `## ${question.asks}`,
    "",
    "| | measured | baseline | target | |",
    "|---|---|---|---|---|",
    ...figures.map((figure) => {
      const { name, value, baseline = "", target = "" } = figure;
      return `| ${name} | ${value} | ${baseline} | ${target} | ${verdict(figure)} |`;
    }),
    "",
    `How: ${question.method}`,
    "",
    `Not measured: ${question.notMeasured}`,
    ...(question.picture === undefined
      ? []
      : ["", `![${question.asks}](${pictureFile(question.picture)})`]),
  ];
}
