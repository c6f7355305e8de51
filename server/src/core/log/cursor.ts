import { DaemonError } from "../../base/errors.ts";

const shape = /^([a-z0-9]{8,32})\.([0-9a-z]{1,11})$/;

/** A place in the whole log, as clients hold it. */
export function formatCursor(logId: string, position: number): string {
  return `${logId}.${position.toString(36)}`;
}

/** The place that a cursor names. Refuses one that is not of this log, or ahead of it. */
export function parseCursor(text: string, logId: string, head: number): number {
  const [, log, place] = shape.exec(text) ?? [];
  if (log === undefined || place === undefined) {
    throw new DaemonError("invalid_argument", `"${text}" is not a cursor of a daemon`, {
      reason: "CURSOR_MALFORMED",
    });
  }
  if (log !== logId) {
    throw new DaemonError(
      "failed_precondition",
      `the cursor belongs to log ${log}, this is log ${logId}: another home, or a restored one`,
      { reason: "CURSOR_OTHER_LOG", metadata: { log_id: logId } },
    );
  }
  const position = Number.parseInt(place, 36);
  if (position > head) {
    throw new DaemonError("out_of_range", "the cursor lies ahead of the log", {
      reason: "CURSOR_AHEAD",
      metadata: { head_cursor: formatCursor(logId, head) },
    });
  }
  return position;
}
