import { RuleAction } from "@daphnia/protocol/permission";
import { createDice } from "../../src/core/log/testing/follower.ts";
import { readCorpus, scene, shellJudge } from "../shell-corpus.ts";
import { type Behaviour, cagedDisk, runCaged } from "./caged-bash.ts";
import { mutateLine } from "./mutate-line.ts";

/** An allowed line that did what alone would not have been allowed. */
export interface Escape {
  readonly seed: number;
  readonly line: string;
  /** The shortest that was found which does the same. */
  readonly shrunk: string;
  readonly did: string;
}

export interface FuzzResult {
  readonly tried: number;
  /** How many of them were allowed, and so were run. */
  readonly ran: number;
  readonly timedOut: number;
  readonly programs: number;
  readonly escapes: readonly Escape[];
}

const behaviours: readonly Behaviour[] = [
  { status: 0, prints: "" },
  { status: 1, prints: "" },
  { status: 0, prints: "-delete --pre=x ../../etc *" },
  { status: 1, prints: "a[$(id)]" },
];
/** Escapes after which there is enough to mend. */
const most = 20;
/** Milliseconds after which a line is short enough. */
const longestShrink = 10_000;
/** Lines that are run at the same time. */
const lanes = 2;

/**
 * Mutates lines of the corpora until the time is over, runs each that is allowed in a real
 * bash, and judges every program that it would have started for itself.
 */
export async function fuzzShell(
  seed: number,
  until: (tried: number) => boolean,
  corpora: readonly string[],
): Promise<FuzzResult> {
  const corpus = corpora
    .flatMap(readCorpus)
    .filter(({ rules }) => rules === undefined)
    .map(({ command }) => command)
    .filter((command) => command !== "" && command.length < 400);
  const check = await createCheck();
  const result = { tried: 0, ran: 0, timedOut: 0, programs: 0, escapes: [] as Escape[] };
  let next = seed;
  async function tryOne(own: number): Promise<void> {
    const dice = createDice(own);
    const behaviour = behaviours[dice(behaviours.length)] ?? { status: 0, prints: "" };
    const line = mutateLine(corpus, dice);
    result.tried++;
    if (!check.isAllowed(line, "/w/app")) return;
    result.ran++;
    const { did, programs, timedOut } = await check.run(line, behaviour);
    result.programs += programs;
    if (timedOut) result.timedOut++;
    if (did === undefined) return;
    const shrunk = await shrink(line, async (shorter) => {
      if (!check.isAllowed(shorter, "/w/app")) return false;
      return (await check.run(shorter, behaviour)).did !== undefined;
    });
    if (result.escapes.some((one) => one.shrunk === shrunk)) return;
    result.escapes.push({ seed: own, line, shrunk, did });
  }
  async function lane(): Promise<void> {
    while (!until(result.tried) && result.escapes.length < most) {
      await tryOne(next++);
      // Judging alone would keep the other lane from ever being told of its child.
      if (result.tried % 200 === 0) await new Promise(setImmediate);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return result;
}

interface Check {
  isAllowed(line: string, cwd: string): boolean;
  /** Runs a line; what it did that it must not have. */
  run(
    line: string,
    behaviour: Behaviour,
  ): Promise<{ did: string | undefined; programs: number; timedOut: boolean }>;
}

async function createCheck(): Promise<Check> {
  const judges = new Map<string, Awaited<ReturnType<typeof shellJudge>>>();
  async function judgeIn(cwd: string): Promise<void> {
    if (judges.has(cwd)) return;
    judges.set(cwd, await shellJudge({ scene: { ...scene, disk: cagedDisk, cwd } }));
  }
  await judgeIn("/w/app");
  const isAllowed = (line: string, cwd: string) =>
    judges.get(cwd)?.(line).action === RuleAction.ALLOW;
  return {
    isAllowed,
    async run(line, behaviour) {
      const { started, made, timedOut } = await runCaged(line, behaviour);
      for (const { cwd, argv } of started) {
        await judgeIn(cwd);
        if (!isAllowed(alone(argv), cwd)) {
          return { did: `in ${cwd}: ${alone(argv)}`, programs: started.length, timedOut };
        }
      }
      const did = made.length > 0 ? `it made ${made.join(" ")}` : undefined;
      return { did, programs: started.length, timedOut };
    },
  };
}

/**
 * What xargs is fed with is judged with it, so it is given what lists files. An `&` stands
 * apart: quoted behind a `<` the text alone would be doubtful, whatever it means.
 */
function alone(argv: readonly string[]): string {
  const quoted = argv.map((word) => `'${word.replace(/['&]/g, "'\\$&'")}'`).join(" ");
  return argv.includes("xargs") ? `ls | ${quoted}` : quoted;
}

/** Takes away what is not needed for it to fail: halves first, single characters last. */
async function shrink(line: string, fails: (line: string) => Promise<boolean>): Promise<string> {
  const end = performance.now() + longestShrink;
  let shortest = line;
  for (let length = Math.ceil(line.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let at = 0; at < shortest.length && performance.now() < end; ) {
      const shorter = shortest.slice(0, at) + shortest.slice(at + length);
      if (await fails(shorter)) shortest = shorter;
      else at += length;
    }
  }
  return shortest;
}
