import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type EventService,
  ListEventsResponseSchema,
  type WatchRequest,
  WatchResponseSchema,
} from "@daphnia/protocol/event_service";
import type { Clock } from "../base/clock.ts";
import { invalidField } from "../base/errors.ts";
import { createConvoys } from "../core/log/convoys.ts";
import { formatCursor, parseCursor } from "../core/log/cursor.ts";
import { type Entry, eventOf } from "../core/log/entry.ts";
import { follow } from "../core/log/follow.ts";
import type { FollowOptions } from "../core/log/follower.ts";
import type { Log } from "../core/log/log.ts";
import { callerOf } from "./caller.ts";
import { handOn, type Rest } from "./hand-on.ts";
import { milliseconds, pageSize } from "./read-fields.ts";
import { toSelection } from "./selector.ts";
import { createWatchFrames } from "./watch-frames.ts";

export interface EventServiceDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly maxBatchBytes: number;
  /** Milliseconds without news after which a watch says where it is. */
  readonly heartbeat: number;
  /** Milliseconds between responses with only deltas, over TCP. */
  readonly tcpFrame: number;
}

const longestWait = 60_000;
const longestFrame = 10_000;

export function eventService(deps: EventServiceDeps): ServiceImpl<typeof EventService> {
  const { log } = deps;
  const frames = createWatchFrames(log.id);
  const convoys = createConvoys(deps);

  function told(options: FollowOptions, isJson: boolean): Rest {
    return (write, signal) =>
      convoys.follow(options, (batch) => write(frames.of(batch, isJson)), signal);
  }

  return {
    async *watch(request, context) {
      const caller = callerOf(context.values);
      const selection = await toSelection(request.selector, !request.noDeltas, log.store);
      const head = log.head();
      const after = await startOf(request, log, head);
      const fallback = caller.transport === "tcp" ? deps.tcpFrame : 0;
      const isJson = /json/i.test(context.requestHeader.get("content-type") ?? "");
      yield create(WatchResponseSchema, {
        opened: {
          logId: log.id,
          headCursor: formatCursor(log.id, head),
          oldestCursor: formatCursor(log.id, 0),
          maxBatchBytes: BigInt(deps.maxBatchBytes),
          heartbeat: durationFromMs(deps.heartbeat),
        },
        cursor: formatCursor(log.id, after),
      });
      const options = {
        selection,
        after,
        drafts: new Map(Object.entries(request.drafts).map(([id, bytes]) => [id, Number(bytes)])),
        minFrame: milliseconds("min_frame", request.minFrame, fallback, longestFrame),
        heartbeat: deps.heartbeat,
        maxBatchBytes: deps.maxBatchBytes,
        untilCaughtUp: request.untilCaughtUp,
      };
      handOn(context, told(options, isJson));
    },
    async listEvents({ selector, afterCursor, pageSize: size, wait }, { signal }) {
      const most = pageSize(size, 100, 1000);
      const after = afterCursor === "" ? 0 : parseCursor(afterCursor, log.id, log.head());
      const time = milliseconds("wait", wait, 0, longestWait);
      const options = {
        selection: await toSelection(selector, false, log.store),
        after,
        drafts: new Map<string, number>(),
        minFrame: 0,
        heartbeat: Math.max(1, time),
        maxBatchBytes: 1024 * 1024,
        untilCaughtUp: time === 0,
      };
      let entries: readonly Entry[] = [];
      let position = after;
      let synced = false;
      for await (const batch of follow(options, deps, signal)) {
        entries = [...entries, ...batch.entries].slice(0, most);
        position =
          entries.length === most ? (entries.at(-1)?.position ?? position) : batch.position;
        synced ||= batch.synced;
        // The page is full, or there was news, or the heartbeat says that time is up.
        if (entries.length === most || (synced && (entries.length > 0 || !batch.synced))) break;
      }
      return create(ListEventsResponseSchema, {
        events: entries.map((entry) => eventOf(entry)),
        cursor: formatCursor(log.id, position),
        synced: position >= log.head(),
      });
    },
  };
}

async function startOf({ from, selector }: WatchRequest, log: Log, head: number): Promise<number> {
  switch (from.case) {
    case "afterCursor":
      return parseCursor(from.value, log.id, head);
    case "beginning":
      return 0;
    case "afterSeq":
      return positionOfSeq(from.value, selector?.sessions ?? [], isNarrow(selector), log);
    case undefined:
      return head;
  }
}

function isNarrow(selector: WatchRequest["selector"]): boolean {
  if (selector === undefined) return false;
  const { agents, labels, principals, families, bodies, turnId } = selector;
  const others = [...agents, ...Object.keys(labels), ...principals, ...families, ...bodies];
  return others.length > 0 || turnId !== "";
}

async function positionOfSeq(
  seq: bigint,
  sessions: readonly string[],
  isNarrowed: boolean,
  log: Log,
): Promise<number> {
  const [sessionId] = sessions;
  if (sessionId === undefined || sessions.length !== 1 || isNarrowed) {
    throw invalidField("after_seq", "needs exactly one session, and nothing else selected");
  }
  if (seq === 0n) return 0;
  const [event] = await log.store.readSession(sessionId, Number(seq) - 1, 1);
  if (event === undefined || BigInt(event.seq) !== seq) {
    throw invalidField("after_seq", `session "${sessionId}" has no event ${seq}`);
  }
  return event.position;
}
