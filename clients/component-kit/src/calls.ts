import type { CallToolResult, ServerContext } from "@modelcontextprotocol/server";
import type { LogFile } from "./log-file.ts";
import type { Call, Tool } from "./tool.ts";

/** The calls of a component. */
export interface Calls {
  /** Runs a handler; what it throws is logged, and told to the caller by whoever serves it. */
  run(tool: Tool, input: unknown, context: ServerContext): Promise<CallToolResult>;
  /**
   * Takes no more calls, and resolves when none is open. Those that are after `grace`
   * milliseconds are aborted; one that does not obey is given up a second later.
   */
  drain(grace: number): Promise<void>;
}

/** Milliseconds in which an aborted handler has to give up. */
const longestAbort = 1000;

export function createCalls(log: LogFile): Calls {
  const ending = new AbortController();
  let open = 0;
  let isEnding = false;
  let onIdle = () => {};

  async function run(tool: Tool, input: unknown, context: ServerContext): Promise<CallToolResult> {
    if (isEnding) throw new Error("the component is ending");
    const signal = AbortSignal.any([context.mcpReq.signal, ending.signal]);
    const toolLog = log.with({ tool: tool.name });
    open++;
    try {
      return await tool.run(input, { signal, log: toolLog, progress: progressOf(context) });
    } catch (error) {
      if (signal.aborted) toolLog.info("canceled");
      else toolLog.error("failed", { error });
      throw error;
    } finally {
      open--;
      if (open === 0) onIdle();
    }
  }

  async function drain(grace: number): Promise<void> {
    isEnding = true;
    if (open === 0) return;
    const timers: NodeJS.Timeout[] = [];
    await new Promise<void>((resolve) => {
      onIdle = resolve;
      timers.push(setTimeout(() => ending.abort(new Error("the component ends")), grace));
      timers.push(setTimeout(resolve, grace + longestAbort));
    });
    for (const timer of timers) clearTimeout(timer);
  }

  return { run, drain };
}

/** Progress goes to callers that asked for it; one that left is not missed. */
function progressOf({ mcpReq }: ServerContext): Call["progress"] {
  const progressToken = mcpReq._meta?.progressToken;
  return async (progress, total, message) => {
    if (progressToken === undefined || mcpReq.signal.aborted) return;
    const params = {
      progressToken,
      progress,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message }),
    };
    await mcpReq.notify({ method: "notifications/progress", params });
  };
}
