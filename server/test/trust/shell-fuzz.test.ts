import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withoutCage } from "./caged-bash.ts";
import { fuzzShell } from "./shell-fuzz.ts";

const seconds = Number(process.env["DAPHNIA_FUZZ_SECONDS"] ?? (process.env["CI"] ? 180 : 10));
/** The same lines each time, so that a change is never blamed for luck; `npm run trust` takes others. */
const seed = Number(process.env["DAPHNIA_FUZZ_SEED"] ?? 1);

describe("a line that is allowed", { skip: withoutCage }, () => {
  const timeout = seconds * 1000 + 120_000; // shrinking what was found is no part of it
  it("starts only what is allowed alone, in a real bash", { timeout }, async (test) => {
    const end = performance.now() + seconds * 1000;
    const { escapes, ...counts } = await fuzzShell(seed, () => performance.now() > end);
    test.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`);
    const told = escapes.map((one) => JSON.stringify(one, undefined, 1));
    assert.deepEqual(told, [], "DAPHNIA_FUZZ_SEED=N tries the line of a seed first");
    assert.ok(counts.programs > 0, "no line started anything: the cage is broken");
  });
});
