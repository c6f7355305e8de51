import type { Definition } from "../definition.ts";
import { exitCodes } from "../exit-codes.ts";
import { AlreadyRunning, serve } from "../serve.ts";

/** Serves in the foreground until SIGTERM, SIGINT or SIGHUP; a second one ends it at once. */
export async function serveUntilEnded(
  component: Definition,
  { quiet }: { readonly quiet: boolean },
): Promise<number> {
  const ending = new AbortController();
  const told = new Promise<void>((resolve) => {
    const end = () => {
      if (ending.signal.aborted) process.exit(130);
      ending.abort(new Error("the component ends"));
      resolve();
    };
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, end);
  });
  try {
    const serving = await serve(component, {
      ending: ending.signal,
      ...(quiet ? {} : { echo: (line: string) => void process.stderr.write(`${line}\n`) }),
    });
    await told;
    await serving.close();
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitCodes.alreadyRunning;
  }
}
