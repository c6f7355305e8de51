import { clearLine, cursorTo } from "node:readline";
import { createInterface } from "node:readline/promises";

/** Asks a person at a terminal, one question after the other. */
export interface Dialog {
  /** What was typed; undefined where the person hung up, or the signal aborted. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
  /** Takes an open question off the screen while something else is written. */
  hide(): void;
  /** Puts it back, with what was typed so far. */
  show(): void;
  close(): void;
}

export interface DialogStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** True where somebody sits there who can be asked. */
export function isSomebodyThere(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/** Asks on stderr: stdout is for data. Ctrl-C goes where it goes without a question. */
export function createDialog(
  { input, output }: DialogStreams = { input: process.stdin, output: process.stderr },
  onInterrupt: () => void = () => process.kill(process.pid, "SIGINT"),
): Dialog {
  const lines = createInterface({ input, output });
  /** Ends the question that is open. */
  let open: AbortSignal | undefined;
  const hungUp = new AbortController();
  lines.on("SIGINT", () => {
    output.write("\n");
    onInterrupt();
  });
  lines.once("close", () => hungUp.abort());
  const clear = () => {
    cursorTo(output, 0);
    clearLine(output, 0);
  };
  return {
    async ask(question, signal) {
      const either = AbortSignal.any([signal, hungUp.signal]);
      if (either.aborted) return undefined;
      open = either;
      try {
        return (await lines.question(question, { signal: either })).trim();
      } catch (error) {
        if (!either.aborted) throw error;
        if (signal.aborted) clear();
        else output.write("\n");
        return undefined;
      } finally {
        open = undefined;
      }
    },
    hide() {
      if (open !== undefined) clear();
    },
    show() {
      if (open !== undefined && !open.aborted) lines.prompt(true);
    },
    close: () => lines.close(),
  };
}
