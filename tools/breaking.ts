import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * Fails when the protos break clients of the last release. Until there is one, the
 * protocol may be shaped freely: the release step writes the image it is compared to.
 */
const released = "proto/released.binpb";
if (existsSync(released)) {
  const args = ["breaking", "proto", "--against", released];
  process.exitCode = spawnSync("buf", args, { stdio: "inherit" }).status ?? 1;
} else {
  process.stdout.write("buf breaking: no release yet, nothing to compare with\n");
}
