import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

/**
 * Runs the tests that are named, or all of them, and prints the slowest. A pattern
 * that matches nothing fails: node's runner would call it a success. In CI a test that
 * timed out ends with its file, whatever it left open: the others still have their say.
 */
const isCoverage = process.argv.includes("--coverage");
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const patterns = named.length > 0 ? named : ["{server,clients/*,tools,examples}/**/*.test.ts"];
const files = globSync(patterns, { exclude: ["**/node_modules/**", "**/dist/**"] }).sort();
if (files.length === 0) throw new Error(`no test file matches ${patterns.join(" ")}`);
const coverage = [
  "--experimental-test-coverage",
  "--test-coverage-include={server,clients/*}/src/**",
  "--test-coverage-exclude=**/*.test.ts",
];
const { status } = spawnSync(
  process.execPath,
  [
    "--test",
    "--test-timeout=300000",
    "--test-reporter=./tools/test-reporter.ts",
    "--test-reporter-destination=stdout",
    ...(process.env["CI"] === undefined ? [] : ["--test-force-exit"]),
    ...(isCoverage ? coverage : []),
    ...files,
  ],
  { stdio: "inherit" },
);
process.exitCode = status ?? 1;
