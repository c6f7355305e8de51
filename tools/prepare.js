// Plain JavaScript: an install must not fail, and say why, under a Node that is too old for the rest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Builds the dashboard after an install, so that `npm start` has one. That it cannot is told, and fails nothing. */
const isFit = Number(process.versions.node.split(".")[0]) >= 24;
const built = isFit
  ? spawnSync(process.execPath, [join(import.meta.dirname || ".", "build-dashboard.ts")], {
      stdio: "inherit",
    })
  : undefined;
if (built?.status !== 0) {
  const why = isFit ? "its build failed, see above" : `this is Node ${process.versions.node}`;
  process.stderr.write(`The dashboard is not built: ${why}. Run \`npm run build\` for it.\n`);
}
