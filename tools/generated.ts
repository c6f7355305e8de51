import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

/** Fails when gen/src is not what the protos generate. Right before a commit too: it compares folders. */
const fresh = "node_modules/.cache/generated";
rmSync(fresh, { recursive: true, force: true });
run("buf", ["generate", "--output", fresh]);
run("git", ["diff", "--no-index", "--exit-code", "--stat", "gen/src", `${fresh}/gen/src`]);

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status === 0) return;
  process.stderr.write("gen/src differs from what proto/ generates: run `npm run generate`\n");
  process.exit(1);
}
