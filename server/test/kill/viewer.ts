import { toJsonString } from "@bufbuild/protobuf";
import type { Daphnia } from "@daphnia/client";
import { type Delta, type Event, EventSchema } from "@daphnia/protocol/event";

/** What one viewer was shown, over as many daemons as there were. */
export interface Viewer {
  /** Each event as it was shown, in the order it was shown. */
  readonly shown: readonly string[];
  /** Text shown of each draft and part. */
  readonly drafts: ReadonlyMap<string, string>;
  /** Resolves when an event that satisfies `wanted` was shown. */
  until(wanted: (event: Event) => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Watches from the log's beginning until it is stopped. */
export function openViewer(client: Daphnia): Viewer {
  const shown: string[] = [];
  const drafts = new Map<string, string>();
  const waiting = new Set<{ wanted: (event: Event) => boolean; resolve: () => void }>();
  const seen: Event[] = [];
  const abort = new AbortController();
  const show = (event: Event) => {
    shown.push(toJsonString(EventSchema, event));
    seen.push(event);
    for (const entry of waiting) if (entry.wanted(event)) entry.resolve();
  };
  const showDelta = ({ draftId, part, offset, piece }: Delta) => {
    if (piece.case !== "text") return;
    const key = `${draftId} ${part}`;
    drafts.set(key, (drafts.get(key) ?? "").slice(0, Number(offset)) + piece.value);
  };
  const watching = (async () => {
    for await (const response of client.watch({ after: "beginning", signal: abort.signal })) {
      for (const event of response.events) show(event);
      for (const delta of response.deltas) showDelta(delta);
    }
  })();
  return {
    shown,
    drafts,
    async until(wanted) {
      if (seen.some(wanted)) return;
      const entry = { wanted, ...Promise.withResolvers<void>() };
      waiting.add(entry);
      await entry.promise;
      waiting.delete(entry);
    },
    async stop() {
      abort.abort();
      await watching;
    },
  };
}
