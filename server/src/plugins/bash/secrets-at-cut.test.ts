import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createRedactor } from "../../base/redact.ts";
import { redactTool } from "../../core/tool/redact-tool.ts";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import { createBashTool } from "./bash-tool.ts";

/** Of each end of long output as many bytes are kept. */
const endBytes = 24 * 1024;
const secrets = Array.from({ length: 200 }, (_, i) =>
  createHash("sha256").update(String(i)).digest("hex").slice(0, 40),
);
const redactor = createRedactor({
  values: secrets.map((value) => ({ name: "KEY", value })),
  patterns: [],
});

describe("long output of a command", () => {
  let folder: string;
  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "dph-cut-")));
  });
  after(() => rm(folder, { recursive: true }));

  const bash = redactTool(
    createBashTool({
      claimsOf: async () => [],
      sandbox: { find: async () => ({ works: false, why: "not tried here" }) },
      mode: () => "off",
      environment: { PATH: process.env["PATH"] },
    }),
    () => redactor,
  );

  async function answerTo(command: string): Promise<string> {
    const place = { roots: [folder], closed: [], cwd: folder, envPass: [], hasNetwork: false };
    const claimed = await bash.claim({ command }, { sessionId: "s", ...place });
    await claimed.prepare?.();
    const { parts } = await claimed.run(createRunContext());
    return parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
  }

  it("shows no part of 200 secrets, wherever the cut falls in them, at either end", async () => {
    const found: string[] = [];
    for (const [i, secret] of secrets.entries()) {
      // Each offset is tried several times: from wholly before the cut to wholly behind it.
      const before = "-".repeat(endBytes - (i % (secret.length + 1)));
      const behind = "-".repeat(endBytes - ((i * 7) % (secret.length + 1)));
      const middle = "-".repeat(30_000);
      await writeFile(join(folder, "long"), before + secret + middle + secret + behind);
      const text = await answerTo("cat long");
      assert.match(text, /bytes left out/);
      const rest = text.replace(/\[… \d+ bytes left out …\]/, "");
      if (/[0-9a-f]/.test(rest)) found.push(`${i}: ${rest.replace(/-+/g, "-")}`);
    }
    assert.deepEqual(found, []);
  });
});
