import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";

const suite = join(
  dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
  "dist",
  "index.js",
);
const client = `${process.execPath} ${join(import.meta.dirname, "client.ts")}`;
const failures = join(import.meta.dirname, "expected-failures.yaml");

/** Scenarios that the list of failures may name at most. It is lowered when one is mended. */
const mostFailures = 21;

interface Run {
  readonly code: number;
  readonly text: string;
}

/** Runs the suite somebody else wrote against the daemon's own client. */
function run(folder: string, ...args: string[]): Promise<Run> {
  const given = [suite, "client", "--command", client, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, given, { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, text: stdout + stderr }),
    );
  });
}

describe("MCP conformance of the client", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "daphnia-conformance-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const scenario of [
    "initialize",
    "tools_call",
    "elicitation-sep1034-client-defaults",
    "sse-retry",
  ]) {
    it(scenario, async (test) => {
      const { code, text } = await run(folder, "--scenario", scenario);
      const score = /Passed: \d+\/\d+/.exec(text)?.[0] ?? "no score";
      test.diagnostic(`${scenario}: ${score}`);
      assert.equal(code, 0, text);
    });
  }

  it("of authorization, what is not on the list of failures", async (test) => {
    const listed = readFileSync(failures, "utf8").match(/^ {2}- /gm)?.length ?? 0;
    assert.ok(listed <= mostFailures, `the list grew to ${listed}`);
    const { code, text } = await run(folder, "--suite", "auth", "--expected-failures", failures);
    test.diagnostic(/Total: .*/.exec(text)?.[0] ?? "no score");
    assert.equal(code, 0, text);
  });
});
