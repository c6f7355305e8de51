import type { Delta, Event } from "@daphnia/protocol/event";

/** How the one watch of this browser is. */
export type LiveState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "lost"; readonly why: string }
  /** The daemon said why, and another try would only hear it again. */
  | { readonly kind: "refused"; readonly reason: string };

/** What a tab says to the hub. */
export type ToHub =
  | { readonly kind: "hello" }
  | { readonly kind: "follow"; readonly sessionId: string }
  | { readonly kind: "unfollow"; readonly sessionId: string }
  | { readonly kind: "retry" }
  /** The browser is known no more, or as somebody else: what is open counts no more. */
  | { readonly kind: "anew" }
  | { readonly kind: "bye" };

/** What the hub says to a tab: events of all sessions, deltas of those that it follows. */
export type ToTab = { readonly kind: "state"; readonly state: LiveState } | Told;

export interface Told {
  readonly kind: "told";
  readonly events: readonly Event[];
  readonly deltas: readonly Delta[];
}
