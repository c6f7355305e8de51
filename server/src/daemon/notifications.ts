import { toJsonString } from "@bufbuild/protobuf";
import type { NotifyConfig } from "@daphnia/protocol/config";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { type Clock, pause } from "../base/clock.ts";
import { eventOf } from "../core/log/entry.ts";
import { kindOfName } from "../core/log/event-bodies.ts";
import { follow } from "../core/log/follow.ts";
import type { Log } from "../core/log/log.ts";
import { everything } from "../core/log/selection.ts";
import type { DaemonLog } from "./log.ts";

/** Pauses before a receiver is tried again, in milliseconds. */
const pauses = [1000, 10_000];

const kinds = new Set(
  ["approval_requested", "turn_finished"].flatMap((name) => kindOfName(name) ?? []),
);

/**
 * Tells whoever the config names of approvals that wait and turns that failed,
 * from now on, one after another. A receiver that is down is tried three times;
 * what it missed is in the log.
 */
export async function notify(
  deps: {
    readonly log: Log;
    readonly clock: Clock;
    readonly settings: () => NotifyConfig | undefined;
    readonly daemonLog: DaemonLog;
  },
  signal: AbortSignal,
): Promise<void> {
  const { log, clock, settings, daemonLog } = deps;

  async function tell(json: string): Promise<void> {
    const { webhook = "", command = [] } = settings() ?? {};
    if (webhook === "" && command.length === 0) return;
    const { deliver } = await import("../plugins/notify/deliver.ts");
    for (const wait of [...pauses, undefined]) {
      try {
        return await deliver(json, { webhook, command }, signal);
      } catch (error) {
        signal.throwIfAborted();
        daemonLog.warn({ err: error }, "a notification was not taken");
        if (wait !== undefined) await pause(clock, wait, signal);
      }
    }
  }

  const options = {
    selection: { ...everything, kinds, deltas: false },
    ...{ after: log.head(), drafts: new Map(), minFrame: 0, heartbeat: hour },
    ...{ maxBatchBytes: 64 * 1024, untilCaughtUp: false },
  };
  for await (const { entries } of follow(options, { log, clock }, signal)) {
    for (const event of entries.map(eventOf)) {
      if (matters(event)) await tell(toJsonString(EventSchema, event));
    }
  }
}

const hour = 3_600_000;

function matters({ body }: Event): boolean {
  return body.case !== "turnFinished" || body.value.outcome === TurnOutcome.FAILED;
}
