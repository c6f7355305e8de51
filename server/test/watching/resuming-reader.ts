import assert from "node:assert/strict";
import type { Event } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { createAssembly } from "../../src/core/log/testing/follower.ts";

/** What a reader of everything holds over as many watches as it took. */
export interface ResumingReader {
  /** Where the next watch begins. */
  from(): { readonly case: "afterCursor"; readonly value: string };
  /** Bytes of each open draft that it holds. */
  drafts(): { [draftId: string]: bigint };
  /** Throws where a delta leaves a hole, or tells again what it holds. */
  take(response: WatchResponse): void;
  readonly events: readonly Event[];
  /** Text told of each part, as `draft/part`. */
  readonly parts: ReadonlyMap<string, string>;
}

export function createResumingReader(start: string): ResumingReader {
  const assembly = createAssembly();
  const settled = new Set<string>();
  const events: Event[] = [];
  let cursor = start;
  return {
    events,
    parts: assembly.parts,
    from: () => ({ case: "afterCursor", value: cursor }),
    drafts() {
      const held = [...assembly.held()].filter(([draftId]) => !settled.has(draftId));
      return Object.fromEntries(held.map(([draftId, bytes]) => [draftId, BigInt(bytes)]));
    },
    take(response) {
      for (const event of response.events) {
        events.push(event);
        if (event.body.case === "messageCompleted") settled.add(event.body.value.draftId);
      }
      for (const delta of response.deltas) {
        assert.ok(!settled.has(delta.draftId), "no delta comes behind the event that settles it");
        assembly.add(delta);
      }
      cursor = response.cursor;
    },
  };
}

/**
 * Compares what was told of each message with how it was settled: the same text from
 * its start on. Counts characters.
 */
export function compareWithSettled({ events, parts }: ResumingReader): {
  readonly told: number;
  readonly settled: number;
} {
  let told = 0;
  let whole = 0;
  for (const { body } of events) {
    if (body.case !== "messageCompleted") continue;
    const { message, draftId } = body.value;
    for (const [i, { kind }] of (message?.parts ?? []).entries()) {
      if (kind.case !== "text" && kind.case !== "thinking") continue;
      const held = parts.get(`${draftId}/${i}`) ?? "";
      assert.equal(held, kind.value.slice(0, held.length));
      told += held.length;
      whole += kind.value.length;
    }
  }
  return { told, settled: whole };
}
