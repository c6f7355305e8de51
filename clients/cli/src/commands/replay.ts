import { readBlob } from "@daphnia/client/blobs";
import { type Recorded, recordingOf } from "@daphnia/client/recording";
import type { Event } from "@daphnia/protocol/event";
import { SessionState } from "@daphnia/protocol/session";
import { Complaint } from "../complaint.ts";
import { oneLine } from "../escape-text.ts";
import { createEventView, createJsonView } from "../event-view.ts";
import { exitCodes } from "../exit-codes.ts";
import { durationText } from "../figures.ts";
import { requireDaemon } from "../find-daemon.ts";
import { newestSession } from "../find-place.ts";
import { catchInterrupts } from "../interrupts.ts";
import { play, systemTicker } from "../play.ts";
import { createResumeNotice, type ResumeNotice } from "../resume-notice.ts";
import { createScreen } from "../screen.ts";
import { type Globals, type Target, targetOf } from "../target.ts";

export interface ReplayOptions extends Globals {
  readonly speed: number;
  readonly from?: number;
}

/** Milliseconds of a time in which nothing runs that a replay keeps. */
const longestPause = 1000;

/** Plays a session again: its events, and what was written between them, as they came. */
export async function replay(id: string | undefined, options: ReplayOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const sessionId = id ?? (await newestSession(target));
  const { session } = await target.client.sessions.getSession({ sessionId });
  const from = options.from ?? 1;
  if (from > Number(session?.lastSeq ?? 0n)) {
    throw new Complaint(
      exitCodes.usage,
      `${oneLine(sessionId)} has no event ${from}`,
      `its last is ${session?.lastSeq}`,
    );
  }
  const view = options.json
    ? createJsonView(screen)
    : createEventView(screen, target.client, "none");
  const show = (item: Recorded) => {
    if (item.skipped >= longestPause && !options.json) {
      view.close();
      screen.say(screen.tint("dim", `… ${durationText(item.skipped)} in which nothing ran`));
    }
    if (item.kind === "event") view.event(item.event);
    else view.delta(item.delta, new Date(item.time));
  };
  const leave = new AbortController();
  const release = catchInterrupts(
    () => leave.abort(),
    () => process.exit(exitCodes.canceled),
  );
  try {
    const notice = createResumeNotice(screen);
    const events = recordedEvents(sessionId, from, target, notice, leave.signal);
    const recording = recordingOf(events, (digest) => readWhole(digest, target), longestPause);
    await play(recording, show, { speed: options.speed, ticker: systemTicker }, leave.signal);
  } finally {
    view.close();
    release();
  }
  if (leave.signal.aborted) return exitCodes.canceled;
  if (session?.state === SessionState.RUNNING && !options.json) {
    screen.say(screen.tint("dim", "its turn goes on; watch it with `events --session`"));
  }
  return exitCodes.ok;
}

/** A session's events up to now, from a seq on. A slow reader costs the daemon nothing. */
async function* recordedEvents(
  sessionId: string,
  from: number,
  { client }: Target,
  notice: ResumeNotice,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const responses = client.watch({
    selector: { sessions: [sessionId] },
    after: from > 1 ? { seq: BigInt(from - 1) } : "beginning",
    untilCaughtUp: true,
    noDeltas: true,
    signal,
    onResume: notice.lost,
  });
  for await (const { events } of responses) {
    notice.back();
    yield* events;
  }
}

async function readWhole(digest: string, { client }: Target): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readBlob(client.blobs, digest)) pieces.push(piece);
  return Buffer.concat(pieces);
}
