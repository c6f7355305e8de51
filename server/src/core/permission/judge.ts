import type { Claim, Place } from "../tool/tool.ts";

/** Whether a call may run, and why not. */
export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly why: string };

/** A pure function of what a call would touch and the session's roots. */
export function judge(claims: readonly Claim[], place: Place): Verdict {
  for (const claim of claims) {
    switch (claim.kind) {
      case "nothing":
        break;
      case "read":
      case "write":
        if (place.closed.some((folder) => isWithin(claim.path, folder))) {
          return {
            allowed: false,
            why: `${claim.path} belongs to the daemon, and no tool may touch it`,
          };
        }
        if (!place.roots.some((root) => isWithin(claim.path, root))) {
          const roots = place.roots.join(", ") || "none";
          return {
            allowed: false,
            why: `${claim.path} lies outside this session's roots (${roots})`,
          };
        }
        break;
      case "opaque":
        return { allowed: false, why: claim.why };
    }
  }
  return { allowed: true };
}

/** Both are real, absolute paths. */
function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
}
