import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import type { DaemonProcess } from "../daemon-process.ts";

/** Turns that go on, each seen to its end by somebody. */
export interface Talk extends AsyncDisposable {
  /** Resolves when the last turns are over. */
  stop(): Promise<void>;
}

/** A whole turn in a session of its own, seen to its end. */
export async function turn(daemon: DaemonProcess, script: string): Promise<void> {
  const sessionId = await createSession(daemon, script);
  const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
  const selector = { sessions: [sessionId] };
  await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
}

/** Starts so many turns at once, and another one whenever one is over. */
export function startTalk(daemon: DaemonProcess, script: string, abreast: number): Talk {
  let isOver = false;
  const talker = async () => {
    while (!isOver) await turn(daemon, script);
  };
  const talking = Promise.all(Array.from({ length: abreast }, talker));
  const stop = async () => {
    isOver = true;
    await talking;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}
