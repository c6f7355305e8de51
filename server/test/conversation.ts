import { create } from "@bufbuild/protobuf";
import type { Daphnia } from "@daphnia/client";
import type { Event } from "@daphnia/protocol/event";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import type { DaemonProcess } from "./daemon-process.ts";

type WatchOptions = NonNullable<Parameters<Daphnia["watch"]>[0]>;

export function textPart(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}

/** Creates a session in the daemon's folder, answered by a script. */
export async function createSession(daemon: DaemonProcess, script: string): Promise<string> {
  const { session } = await daemon.client.sessions.createSession({
    roots: [daemon.folder],
    model: `scripted/${script}`,
  });
  return session?.id ?? "";
}

export function prompt(client: Daphnia, sessionId: string, text: string) {
  return client.sessions.prompt({ sessionId, parts: [textPart(text)] });
}

/** Reads a watch until an event satisfies `isLast`, that one included. */
export async function eventsUntil(
  client: Daphnia,
  options: WatchOptions,
  isLast: (event: Event) => boolean,
): Promise<Event[]> {
  const events: Event[] = [];
  for await (const response of client.watch({ ...options, noDeltas: true })) {
    for (const event of response.events) {
      events.push(event);
      if (isLast(event)) return events;
    }
  }
  return events;
}

/** True for the end of a turn: of the one named, or of any. */
export const endOf =
  (turnId?: string) =>
  (event: Event): boolean =>
    event.body.case === "turnFinished" && (turnId === undefined || event.turnId === turnId);

/** Everything that a session's log holds now. */
export async function logOf(client: Daphnia, sessionId: string): Promise<Event[]> {
  const events: Event[] = [];
  const selector = { sessions: [sessionId] };
  const options = { selector, after: "beginning", untilCaughtUp: true, noDeltas: true } as const;
  for await (const response of client.watch(options)) events.push(...response.events);
  return events;
}

export const casesOf = (events: readonly Event[]) => events.map(({ body }) => body.case);
