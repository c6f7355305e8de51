import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withoutCage } from "./caged-bash.ts";
import { fuzzShell } from "./shell-fuzz.ts";

const seconds = Number(process.env["DAPHNIA_FUZZ_SECONDS"] ?? (process.env["CI"] ? 180 : 10));
/**
 * The same lines each time, so that a change is never blamed for luck: our own corpus
 * grows, and with each line all that is made of it is another. `npm run trust` throws
 * other dice over both.
 */
const { DAPHNIA_FUZZ_SEED: wanted } = process.env;
const seed = Number(wanted ?? 1);
/** About as many as three minutes take; a faster machine tries no others. */
const most = wanted === undefined ? 350_000 : Number.POSITIVE_INFINITY;
const corpora = ["shell.jsonl", ...(wanted === undefined ? [] : ["own-shell.jsonl"])];

describe("a line that is allowed", { skip: withoutCage }, () => {
  const timeout = seconds * 1000 + 120_000; // shrinking what was found is no part of it
  it("starts only what is allowed alone, in a real bash", { timeout }, async (test) => {
    const end = performance.now() + seconds * 1000;
    const isOver = (tried: number) => performance.now() > end || tried >= most;
    const { escapes, ...counts } = await fuzzShell(seed, isOver, corpora);
    test.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`);
    const told = escapes.map((one) => JSON.stringify(one, undefined, 1));
    assert.deepEqual(told, [], "DAPHNIA_FUZZ_SEED=N tries the line of a seed first");
    assert.ok(counts.programs > 0, "no line started anything: the cage is broken");
  });
});
