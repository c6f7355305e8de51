import type { Selector } from "@daphnia/protocol/event_service";
import { DaemonError, invalidField, notFound } from "../base/errors.ts";
import { idRule, isId } from "../base/ids.ts";
import { nearNames } from "../base/near.ts";
import { bodyNames, familyNames, kindOfName, kindsOfFamily } from "../core/log/event-bodies.ts";
import type { EventStore } from "../core/log/event-store.ts";
import { everything, type Selection, wantsDeltas } from "../core/log/selection.ts";

const mostSessions = 1000;

/** What a selector selects. Refuses names that nothing has. */
export async function toSelection(
  selector: Selector | undefined,
  withDeltas: boolean,
  store: EventStore,
): Promise<Selection> {
  if (selector === undefined) return { ...everything, deltas: withDeltas };
  const { sessions, agents, labels, principals, families, bodies, turnId } = selector;
  if (sessions.length > mostSessions) {
    throw invalidField("selector.sessions", `at most ${mostSessions}, got ${sessions.length}`);
  }
  for (const id of sessions) await refuseUnknown(id, store);
  const ofFamilies = families.flatMap((family) => {
    const kinds = kindsOfFamily(family);
    if (kinds.length === 0) throw unknownName("families", family, familyNames);
    return kinds;
  });
  const ofBodies = bodies.map((body) => {
    const kind = kindOfName(body);
    if (kind === undefined) throw unknownName("bodies", body, bodyNames);
    return kind;
  });
  const isOpen = families.length === 0 && bodies.length === 0;
  const isOnlyBodies = families.length === 0 && bodies.length > 0;
  const kinds = isOpen ? undefined : new Set([...ofFamilies, ...ofBodies]);
  return {
    sessions,
    agents,
    labels,
    principals,
    kinds,
    turnId,
    deltas: withDeltas && !isOnlyBodies && wantsDeltas(kinds),
  };
}

async function refuseUnknown(id: string, store: EventStore): Promise<void> {
  if (!isId(id)) throw invalidField("selector.sessions", `must be ${idRule}, got "${id}"`);
  const state = await store.sessionState(id);
  if (state === "live") return;
  if (state === "deleted") {
    throw new DaemonError("failed_precondition", `session "${id}" was deleted`, {
      reason: "SESSION_DELETED",
      metadata: { session: id },
    });
  }
  const similar = await store.idsLike(id.slice(0, Math.max(1, id.length - 4)));
  throw notFound("session", id, nearNames(id, similar));
}

function unknownName(field: string, name: string, names: readonly string[]): DaemonError {
  const near = nearNames(name, names);
  const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : `one of ${names.join(", ")}`;
  return invalidField(`selector.${field}`, `"${name}" is unknown; ${hint}`);
}
