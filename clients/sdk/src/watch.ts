import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import {
  type EventService,
  type SelectorSchema,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
} from "@daphnia/protocol/event_service";
import { type CursorStore, createCursorKeeper } from "./cursor-store.ts";
import { createDraftPlaces } from "./draft-places.ts";
import { isTerminal, reasonOf } from "./reasons.ts";

export interface WatchOptions {
  readonly selector?: MessageInitShape<typeof SelectorSchema>;
  /** Behind this cursor, or from the log's beginning; without it, from now. */
  readonly after?: string | { readonly seq: bigint } | "beginning";
  readonly noDeltas?: boolean;
  /** Milliseconds between responses that hold only deltas. */
  readonly minFrame?: number;
  /** Ends at the head of the moment it was opened. */
  readonly untilCaughtUp?: boolean;
  /**
   * Remembers the place over restarts: what it holds goes before `after`. A response is
   * done with when the next one is asked for; only then is its cursor saved. What the loop
   * was left in is told again, and so are, after a crash, the responses since the last save.
   */
  readonly cursors?: CursorStore;
  readonly signal?: AbortSignal;
  /** Told when the watch was cut off and is opened again, and why. */
  readonly onResume?: (why: string) => void;
}

/**
 * The responses of a watch, over as many connections as it takes: each event
 * once and in order, each byte of each draft once. Leaving the loop cancels it, and
 * what was left tells nothing more: watch again from the cursor. It throws what another
 * try would only repeat, such as a cursor of another log.
 */
export type Watch = AsyncGenerator<WatchResponse, void, void>;

const firstPause = 100;
const longestPause = 5000;
/** Heartbeats that may be missing before a peer counts as frozen. */
const missing = 3;
/** Milliseconds a daemon has to answer at first: it answers at once. */
const longestSilence = 20_000;

export function watch(client: Client<typeof EventService>, options: WatchOptions): Watch {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]);
  const responses = follow(client, options, signal);
  const leave = responses.return.bind(responses);
  // A generator ends only where it yields; one that waits for the daemon must be woken first.
  responses.return = (value) => {
    stop.abort();
    return leave(value);
  };
  return responses;
}

async function* follow(
  client: Client<typeof EventService>,
  options: WatchOptions,
  signal: AbortSignal,
): Watch {
  const places = createDraftPlaces();
  const keeper = createCursorKeeper(options.cursors);
  let cursor = await keeper.load();
  let pause = firstPause;
  try {
    while (!signal.aborted) {
      const request = requestOf(options, cursor, places.held());
      const responses = attempt(client, request, signal);
      let next = await responses.next();
      try {
        for (; !next.done; next = await responses.next()) {
          pause = firstPause;
          cursor = next.value.cursor;
          yield places.fresh(next.value);
          await keeper.done(cursor);
        }
      } finally {
        await responses.return("ended");
      }
      if (signal.aborted || (options.untilCaughtUp && next.value === "ended")) return;
      options.onResume?.(next.value === "ended" ? "the stream ended" : next.value);
      await rest(pause * (0.5 + Math.random()), signal);
      pause = Math.min(longestPause, pause * 2);
    }
  } finally {
    await keeper.flush();
  }
}

/** One connection's worth of a watch: "ended", or why it was cut off. Throws what is terminal. */
async function* attempt(
  client: Client<typeof EventService>,
  request: WatchRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse, string, void> {
  const leave = new AbortController();
  const peer = watchdog(leave);
  try {
    const stream = client.watch(request, { signal: AbortSignal.any([signal, leave.signal]) });
    for await (const response of stream) {
      peer.rest(response);
      yield response;
      peer.expect(); // only now: a slow reader is no frozen peer
    }
    return "ended";
  } catch (error) {
    if (!signal.aborted && isTerminal(error)) throw error;
    return leave.signal.aborted ? "the daemon did not answer" : reasonOf(error);
  } finally {
    peer.rest();
    leave.abort();
  }
}

/** Aborts an attempt whose peer is silent for several heartbeats while it is listened to. */
function watchdog(attempt: AbortController) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let limit = longestSilence;
  const expect = () => {
    timer = setTimeout(() => attempt.abort(), limit);
  };
  expect();
  return {
    expect,
    rest(response?: WatchResponse) {
      if (response?.opened?.heartbeat) limit = durationMs(response.opened.heartbeat) * missing;
      clearTimeout(timer);
    },
  };
}

function requestOf(options: WatchOptions, cursor: string, drafts: Record<string, bigint>) {
  const { after, selector, noDeltas, minFrame, untilCaughtUp } = options;
  return create(WatchRequestSchema, {
    ...(selector && { selector }),
    from: startOf(after, cursor),
    drafts,
    noDeltas: noDeltas ?? false,
    untilCaughtUp: untilCaughtUp ?? false,
    ...(minFrame !== undefined && { minFrame: durationFromMs(minFrame) }),
  });
}

function startOf(after: WatchOptions["after"], cursor: string) {
  if (cursor !== "") return { case: "afterCursor", value: cursor } as const;
  if (after === undefined) return { case: undefined };
  if (after === "beginning") return { case: "beginning", value: true } as const;
  if (typeof after === "string") return { case: "afterCursor", value: after } as const;
  return { case: "afterSeq", value: after.seq } as const;
}

function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
