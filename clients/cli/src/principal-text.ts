import type { Principal } from "@daphnia/protocol/principal";

/** As much of a principal as names it. */
export type Who = Pick<Principal, "id" | "displayName">;

/** Who did something, in a word; not yet escaped. */
export function principalText(who: Who): string {
  return who.displayName || who.id || "somebody";
}
