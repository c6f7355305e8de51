import type { Daphnia } from "@daphnia/client";
import { createTrace, type Trace } from "@daphnia/client/trace";
import type { Event } from "@daphnia/protocol/event";
import type { ResumeNotice } from "./resume-notice.ts";

interface Reach {
  readonly client: Daphnia;
  /** Told when the daemon is gone, and when it is back. */
  readonly notice: ResumeNotice;
}

/** Most sessions that a selector may name. */
const mostSessions = 1000;

/** The trace of a session and of all that it made happen in others, as the log tells it now. */
export async function loadTrace(
  sessionId: string,
  client: Daphnia,
  notice: ResumeNotice,
): Promise<Trace> {
  const reach: Reach = { client, notice };
  const trace = createTrace();
  let start = "";
  for await (const event of eventsOf(reach, { sessions: [sessionId] }, "beginning")) {
    if (start === "") start = event.cursor;
    trace.add(event);
  }
  const others = await descendantsOf(sessionId, start, reach);
  for (let i = 0; i < others.length; i += mostSessions) {
    const sessions = others.slice(i, i + mostSessions);
    for await (const event of eventsOf(reach, { sessions }, start)) trace.add(event);
  }
  return trace;
}

/** Sessions that a session made, or prompted, and those that these did: what causes comes first. */
async function descendantsOf(sessionId: string, start: string, reach: Reach): Promise<string[]> {
  const found = new Set([sessionId]);
  const bodies = ["session_created", "prompt_accepted"];
  for await (const { cause, ...event } of eventsOf(reach, { bodies }, start)) {
    if (cause !== undefined && found.has(cause.sessionId)) found.add(event.sessionId);
  }
  found.delete(sessionId);
  return [...found];
}

async function* eventsOf(
  { client, notice }: Reach,
  selector: { readonly sessions?: string[]; readonly bodies?: string[] },
  after: string,
): AsyncGenerator<Event> {
  const options = { selector, after, untilCaughtUp: true, noDeltas: true, onResume: notice.lost };
  for await (const { events } of client.watch(options)) {
    notice.back();
    yield* events;
  }
}
