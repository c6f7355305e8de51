import { prepareBenchPackage } from "./bench-package.ts";
import type { Figure, Question } from "./question.ts";
import { addedLatency } from "./questions/added-latency.ts";
import { busyLoop } from "./questions/busy-loop.ts";
import { components } from "./questions/components.ts";
import { fanOut } from "./questions/fan-out.ts";
import { farBehind } from "./questions/far-behind.ts";
import { firstDelta } from "./questions/first-delta.ts";
import { groupCommit } from "./questions/group-commit.ts";
import { growingHistory } from "./questions/growing-history.ts";
import { idleMemory } from "./questions/idle-memory.ts";
import { idleSessions } from "./questions/idle-sessions.ts";
import { idleWatches } from "./questions/idle-watches.ts";
import { largeHomeOpening } from "./questions/large-home-opening.ts";
import { manyTurnsLatency } from "./questions/many-turns-latency.ts";
import { memoryAfterTurns } from "./questions/memory-after-turns.ts";
import { parts } from "./questions/parts.ts";
import { readyEvents } from "./questions/ready-events.ts";
import { stalledViewers } from "./questions/stalled-viewers.ts";
import { startTime } from "./questions/start-time.ts";
import { toolCalls } from "./questions/tool-calls.ts";
import { waysToWrite } from "./questions/ways-to-write.ts";
import { keepPicture, printAnswer, printHead, writeReport } from "./report.ts";

/**
 * Asks every question, or those whose names begin as the arguments say, and
 * prints one table. `--quick` asks with few runs, `--write` keeps the table in
 * docs/performance.md.
 */
const flags = process.argv.slice(2);
const named = flags.filter((flag) => !flag.startsWith("--"));
const isWritten = flags.includes("--write");
const isQuick = flags.includes("--quick");
const questions: readonly Question[] = [
  idleMemory,
  startTime,
  memoryAfterTurns,
  firstDelta,
  idleSessions,
  idleWatches,
  addedLatency,
  manyTurnsLatency,
  largeHomeOpening,
  fanOut,
  readyEvents,
  waysToWrite,
  growingHistory,
  stalledViewers,
  farBehind,
  busyLoop,
  groupCommit,
  toolCalls,
  components,
  parts,
];
const asked = questions.filter(
  ({ name }) => named.length === 0 || named.some((start) => name.startsWith(start)),
);
if (asked.length === 0) {
  const names = questions.map(({ name }) => name).join(", ");
  throw new Error(`there is no such question; there are ${names}`);
}
const began = performance.now();
const bench = prepareBenchPackage();
printHead(isQuick);
const answers: { question: Question; figures: readonly Figure[] }[] = [];
for (const question of asked) {
  const figures = await question.answer({ isQuick, package: bench, draw });
  answers.push({ question, figures });
  printAnswer(question, figures);
}
const seconds = (performance.now() - began) / 1000;
console.log(`\n${seconds.toFixed(0)} s`);
if (isWritten) writeReport(answers, { isQuick, seconds });
process.exit(); // connections of clients that were left may still be open

function draw(name: string, svg: string): void {
  console.log(`\ndrawn: ${keepPicture(name, svg, isWritten)}`);
}
