import { runDaemon } from "@daphnia/server";
import { safeJson } from "./escape-text.ts";
import { exitCodes } from "./exit-codes.ts";
import { endOnce } from "./interrupts.ts";
import { createScreen } from "./screen.ts";

/**
 * Serves a home in this process until it is told to stop, and says where. Imports nothing
 * of a client, and nothing else that a start would wait for; it is bundled by itself.
 */
export async function serveHome({
  home,
  json,
}: {
  /** Default: the one that the environment names. */
  readonly home?: string;
  readonly json: boolean;
}): Promise<number> {
  const screen = createScreen();
  const release = endOnce(exitCodes.canceled);
  try {
    return await runDaemon({
      ...(home !== undefined && { home }),
      onReady({ pid, home, addresses }) {
        if (json) screen.print(safeJson({ pid, home, addresses }));
        else screen.say(`serving ${home}, pid ${pid}, at ${addresses.join(" and ")}`);
      },
    });
  } finally {
    release();
  }
}
