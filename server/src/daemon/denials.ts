import { create } from "@bufbuild/protobuf";
import { AccessDeniedSchema } from "@daphnia/protocol/event";
import type { EventBody } from "../core/log/event-bodies.ts";

const minute = 60_000;
const mostPeers = 1000;

/** Tells of refused callers, at most once a minute and peer. */
export function createDenials(
  tell: (what: EventBody) => void,
  now: () => number,
): (peer: string, reason: string) => void {
  const peers = new Map<string, { count: number; told: number }>();
  return (peer, reason) => {
    if (peers.size >= mostPeers && !peers.has(peer)) peers.clear();
    const seen = peers.get(peer) ?? { count: 0, told: Number.NEGATIVE_INFINITY };
    seen.count++;
    peers.set(peer, seen);
    if (now() - seen.told < minute) return;
    const value = create(AccessDeniedSchema, { count: seen.count, peer, reason });
    tell({ case: "accessDenied", value });
    seen.count = 0;
    seen.told = now();
  };
}
