import assert from "node:assert/strict";
import { it } from "node:test";
import { createBashTool } from "./bash-tool.ts";
import { createBubblewrap } from "./bubblewrap.ts";
import type { SandboxFinder } from "./sandbox.ts";
import { describeSandbox } from "./sandbox.ts";

const missing: SandboxFinder = {
  find: async () => ({ works: false, why: "bubblewrap (bwrap) is not installed" }),
};
const place = {
  ...{ sessionId: "s", roots: ["/tmp"], closed: [], cwd: "/tmp", envPass: [], hasNetwork: false },
};

it("runs nothing where a sandbox is required and there is none", async () => {
  const bash = createBashTool({
    claimsOf: async () => [],
    sandbox: missing,
    mode: () => "required",
    environment: process.env,
  });
  const claimed = await bash.claim({ command: "true" }, place);
  await assert.rejects(
    async () => claimed.prepare?.(),
    /must run in a sandbox here, and there is none: bubblewrap \(bwrap\) is not installed/,
  );
  await claimed.drop?.();
});

it("says why there is none", async () => {
  assert.deepEqual(await describeSandbox(missing), {
    works: false,
    why: "bubblewrap (bwrap) is not installed",
  });
  const here = await describeSandbox(createBubblewrap({ environment: process.env }));
  assert.notEqual(here.why, "");
});
