import { createEventView, createJsonView, type EventView } from "../event-view.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { catchInterrupts } from "../interrupts.ts";
import { offerRestart } from "../reach-daemon.ts";
import { createResumeNotice } from "../resume-notice.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, type Target, targetOf } from "../target.ts";

export interface EventsOptions extends Globals {
  readonly session?: readonly string[];
  readonly agent?: readonly string[];
  readonly family?: readonly string[];
  readonly body?: readonly string[];
  readonly label?: Readonly<Record<string, string>>;
  readonly since?: string;
  readonly untilCaughtUp?: boolean;
  readonly deltas?: boolean;
}

/** Shows what happens, as it happens; every event once, over restarts of the daemon too. */
export async function events(options: EventsOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  offerRestart(await requireDaemon(target), target, screen);
  const show = viewOf(options, target, screen);
  if (isFromNow(options) && process.stderr.isTTY) {
    screen.say(screen.tint("dim", "watching from now; --since beginning shows what was before"));
  }
  const leave = new AbortController();
  const release = catchInterrupts(
    () => leave.abort(),
    () => process.exit(exitCodes.canceled),
  );
  const notice = createResumeNotice(screen);
  let cursor = "";
  try {
    for await (const response of target.client.watch({
      ...watchOptions(options, leave.signal),
      onResume: notice.lost,
    })) {
      notice.back();
      cursor = response.cursor;
      for (const event of response.events) show.event(event);
      for (const delta of response.deltas) show.delta(delta);
    }
  } finally {
    show.close();
    release();
  }
  if (!leave.signal.aborted) return exitCodes.ok;
  if (cursor !== "") screen.say(screen.tint("dim", `go on from here with --since ${cursor}`));
  return exitCodes.canceled;
}

function viewOf(options: EventsOptions, { client }: Target, screen: Screen): EventView {
  if (options.json) return createJsonView(screen);
  const isOne = options.session?.length === 1;
  return createEventView(screen, client, isOne ? "none" : undefined);
}

function isFromNow({ since, untilCaughtUp }: EventsOptions): boolean {
  return !since && !untilCaughtUp;
}

function watchOptions(options: EventsOptions, signal: AbortSignal) {
  const { session, agent, family, body, label, since } = options;
  return {
    selector: {
      ...(session && { sessions: [...session] }),
      ...(agent && { agents: [...agent] }),
      ...(family && { families: [...family] }),
      ...(body && { bodies: [...body] }),
      ...(label && { labels: { ...label } }),
    },
    // Until the head of now, "from now" would be nothing.
    ...(!isFromNow(options) && { after: since || "beginning" }),
    noDeltas: !options.deltas,
    untilCaughtUp: options.untilCaughtUp ?? false,
    signal,
  };
}
