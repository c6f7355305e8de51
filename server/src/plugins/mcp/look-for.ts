import { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../base/errors.ts";

/** Milliseconds that an address has to take a connection when a stream from it broke. */
const probeTime = 500;
/** Milliseconds before each of the looks whether somebody is still there. */
const looks: readonly number[] = [0, 10, 20, 40, 80, 160, 320];

/**
 * Looks whether somebody listens at an address, one look at a time. A stream that
 * breaks may mean nothing, or that nobody is there any more. Of a process that dies
 * the system closes one socket after the other: it looks again.
 */
export function createLook(
  url: URL,
  onGone: (why: string) => void,
  signal: AbortSignal,
): () => Promise<void> {
  let looking: Promise<void> | undefined;
  async function lookSeveralTimes(): Promise<void> {
    for (const wait of looks) {
      await pause(wait);
      if (signal.aborted) return;
      const problem = await whyGone(url);
      if (problem !== undefined) return onGone(problem);
    }
  }
  return () => {
    looking ??= lookSeveralTimes().finally(() => {
      looking = undefined;
    });
    return looking;
  };
}

/** Why nobody can be there any more; undefined where an address still takes connections. */
function whyGone({ hostname, port, protocol }: URL): Promise<string | undefined> {
  const socket = new Socket();
  return new Promise((resolve) => {
    const end = (why: string | undefined) => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(probeTime, () => end(undefined)); // slow is not gone: limits decide
    socket.once("connect", () => end(undefined));
    socket.once("error", (error) => end(`it is gone (${messageOf(error)})`));
    socket.connect(
      Number(port) || (protocol === "https:" ? 443 : 80),
      hostname.replace(/[[\]]/g, ""),
    );
  });
}
