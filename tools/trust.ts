import { spawnSync } from "node:child_process";

/**
 * Runs the checks that are too long for CI, one after another, for hours. What the
 * environment says already stands.
 */
const long: readonly (readonly [file: string, variable: string, value: string])[] = [
  ["server/test/trust/shell-fuzz.test.ts", "DAPHNIA_FUZZ_SECONDS", "7200"],
  ["server/test/kill/kill.test.ts", "DAPHNIA_KILL_ROUNDS", "1000"],
  ["server/test/component-rounds/rounds.test.ts", "DAPHNIA_COMPONENT_ROUNDS", "500"],
  ["server/test/power-loss/power-loss.test.ts", "DAPHNIA_POWER_LOSS_POINTS", "10000"],
];

const failed = long.filter(([file, variable, value]) => {
  const seed = String(Date.now() % 1_000_000_000);
  const environment = {
    ...{ CI: "true", DAPHNIA_FUZZ_SEED: seed, [variable]: value },
    ...process.env,
  };
  process.stdout.write(`${file}, ${variable}=${environment[variable]}\n`);
  const reporter = [
    "--test-reporter=./tools/test-reporter.ts",
    "--test-reporter-destination=stdout",
  ];
  const { status } = spawnSync(process.execPath, ["--test", ...reporter, file], {
    stdio: "inherit",
    env: environment, // with CI, a check that cannot run here fails
  });
  return status !== 0;
});
for (const [file] of failed) process.stdout.write(`FAILED ${file}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
