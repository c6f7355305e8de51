import { Scope } from "@daphnia/protocol/principal";
import { DaemonError, invalidField } from "../base/errors.ts";
import { nearNames } from "../base/near.ts";
import { isModeName, modeNames } from "../core/permission/modes.ts";

/** From the strictest to the loosest. */
const strictness: readonly string[] = modeNames;

/** Refuses a mode that does not exist, and a looser one than the agent's without SCOPE_ADMIN. */
export function checkMode(
  field: string,
  mode: string,
  { agentMode, scopes }: { readonly agentMode: string; readonly scopes: ReadonlySet<Scope> },
): void {
  if (mode === "") return;
  if (!isModeName(mode)) {
    const [near] = nearNames(mode, modeNames);
    const hint = near === undefined ? `one of ${modeNames.join(", ")}` : `did you mean ${near}?`;
    throw invalidField(field, `there is no mode "${mode}"; ${hint}`);
  }
  const isLooser = strictness.indexOf(mode) > strictness.indexOf(agentMode);
  if (!isLooser || scopes.has(Scope.ADMIN)) return;
  const what = `mode "${mode}" is looser than the agent's, "${agentMode}"`;
  throw new DaemonError("permission_denied", `${what}: that needs SCOPE_ADMIN`, {
    reason: "SCOPE_MISSING",
    metadata: { scope: "SCOPE_ADMIN" },
  });
}
