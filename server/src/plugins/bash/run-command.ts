import type { Socket } from "node:net";
import type { RunContext } from "../../core/tool/tool.ts";
import type { Gate, ProcessEnd } from "./gate.ts";
import { createKeptOutput } from "./kept-output.ts";

/** How a command ended, and what it printed. */
export interface CommandEnd extends ProcessEnd {
  readonly text: string;
  readonly isTimeout: boolean;
}

/** After a request to end, as many ms until it is killed. */
const grace = 500;
/** What left the group may hold the pipe: as long, in ms, silence is waited for, */
const silence = 1000;
/** and as many bytes are still taken. */
const mostLate = 1024 * 1024;

/** Opens the gate and stays until all is over. Cancel rejects with the reason. */
export async function runCommand(
  gate: Gate,
  { signal, print, endPrint }: Pick<RunContext, "signal" | "print" | "endPrint">,
  timeout: number,
): Promise<CommandEnd> {
  let isTimeout = false;
  const stop = () => gate.stop(grace);
  const timer = setTimeout(() => {
    isTimeout = true;
    stop();
  }, timeout);
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) gate.stop(0);
    else gate.open();
    const kept = createKeptOutput();
    const reading = read(gate, async (chunk) => {
      // What is kept is what was shown: a secret that is cut in two is none that can be found.
      const shown = signal.aborted ? undefined : await orAbort(print(chunk), signal);
      if (shown !== undefined) kept.push(shown);
    });
    // What cannot be shown must not go on unseen.
    reading.catch(() => gate.stop(0));
    const end = await gate.ended;
    await reading;
    signal.throwIfAborted();
    kept.push(await endPrint());
    return { ...end, isTimeout, text: kept.text() };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** Takes chunk by chunk; while one is being taken, the pipe fills and the command waits. */
async function read(gate: Gate, take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  const { output } = gate;
  const late = { isTaking: false, bytes: -1, seen: -1, isCut: false };
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    if (late.isTaking || late.bytes !== late.seen) {
      late.seen = late.bytes;
      timer = setTimeout(look, silence);
    } else cut(output, late);
  };
  void gate.ended.then(() => {
    late.bytes = 0;
    if (!output.destroyed) look();
  });
  try {
    for await (const chunk of output) {
      if (late.bytes >= 0) late.bytes += chunk.length;
      late.isTaking = true;
      await take(chunk);
      late.isTaking = false;
      if (late.bytes > mostLate) cut(output, late);
    }
  } catch (error) {
    if (!late.isCut) throw error;
  } finally {
    clearTimeout(timer);
    output.destroy();
  }
}

function cut(output: Socket, late: { isCut: boolean }): void {
  late.isCut = true;
  output.destroy();
}

/** Waits for some work, but not past a cancel: the call then says so itself. */
async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const go = () => resolve(undefined);
  signal.addEventListener("abort", go, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", go);
  }
}
