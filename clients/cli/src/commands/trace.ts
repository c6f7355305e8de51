import { chromeTrace } from "@daphnia/client/chrome-trace";
import { Complaint } from "../complaint.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { findPlace } from "../find-place.ts";
import { loadTrace } from "../load-trace.ts";
import { createResumeNotice } from "../resume-notice.ts";
import { createScreen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";
import { traceLines } from "../trace-tree.ts";

export interface TraceOptions extends Globals {
  readonly format: "tree" | "chrome";
}

/** Shows what a session or a turn did, with what it made happen in other sessions. */
export async function trace(id: string | undefined, options: TraceOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const { sessionId, turnId } = await findPlace(id, target);
  const loaded = await loadTrace(sessionId, target.client, createResumeNotice(screen));
  const now = Date.now();
  const span = turnId === "" ? loaded.session(sessionId, now) : loaded.turn(sessionId, turnId, now);
  if (span === undefined) {
    throw new Complaint(
      exitCodes.failed,
      `${oneLine(turnId)} never began: its prompt was withdrawn`,
      "",
    );
  }
  if (options.format === "chrome") {
    screen.print(safeJson(chromeTrace(span)));
    if (process.stderr.isTTY) {
      screen.say(
        screen.tint("dim", "open it at https://ui.perfetto.dev or https://www.speedscope.app"),
      );
    }
    return exitCodes.ok;
  }
  if (options.json) {
    screen.print(safeJson(span, 2));
    return exitCodes.ok;
  }
  if (span.parent !== undefined) {
    const { sessionId: parent, seq } = span.parent;
    screen.say(screen.tint("dim", `made by event ${seq} of ${oneLine(parent)}`));
  }
  for (const line of traceLines(span, screen.columns, screen.paint)) screen.print(line);
  return exitCodes.ok;
}
