import type { Daphnia } from "@daphnia/client";
import { reasonOf } from "@daphnia/client/reasons";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { createDrafts } from "./drafts.ts";
import type { LiveState, ToHub, ToTab } from "./messages.ts";

/** As much of a `MessagePort` as the hub needs. */
export interface HubPort {
  postMessage(message: ToTab): void;
  onmessage: ((event: MessageEvent<ToHub>) => void) | null;
}

/** The one watch of this browser, told to every tab. */
export interface Hub {
  connect(port: HubPort): void;
}

/** The watch is open while there is a tab. */
export function createHub(client: Pick<Daphnia, "watch">): Hub {
  /** Each tab with the sessions that it follows. */
  const tabs = new Map<HubPort, Set<string>>();
  let drafts = createDrafts();
  let state: LiveState = { kind: "connecting" };
  let running: AbortController | undefined;

  function tell(next: LiveState): void {
    if (next.kind === state.kind && next.kind !== "refused") return;
    state = next;
    for (const port of tabs.keys()) port.postMessage({ kind: "state", state });
  }

  function share({ events, deltas }: WatchResponse): void {
    for (const event of events) drafts.settle(event);
    for (const delta of deltas) drafts.add(delta);
    if (events.length === 0 && deltas.length === 0) return;
    for (const [port, followed] of tabs) {
      const own = deltas.filter(({ sessionId }) => followed.has(sessionId));
      if (events.length === 0 && own.length === 0) continue;
      port.postMessage({ kind: "told", events, deltas: own });
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const onResume = (why: string) => tell({ kind: "lost", why });
    try {
      for await (const response of client.watch({ signal, onResume })) {
        share(response);
        tell({ kind: "live" });
      }
    } catch (error) {
      if (signal.aborted) return; // another took its place
      tell({ kind: "refused", reason: reasonOf(error) });
    }
  }

  function start(): void {
    if (running !== undefined) return;
    const own = new AbortController();
    running = own;
    drafts = createDrafts();
    tell({ kind: "connecting" });
    // It never rejects, and says itself how it ended.
    void run(own.signal).then(() => {
      if (running === own) running = undefined;
    });
  }

  function leave(port: HubPort): void {
    tabs.delete(port);
    if (tabs.size === 0) stop();
  }

  function stop(): void {
    running?.abort();
    running = undefined;
  }

  function hear(port: HubPort, message: ToHub): void {
    const followed = tabs.get(port) ?? new Set<string>();
    switch (message.kind) {
      case "hello":
        tabs.set(port, followed);
        start();
        port.postMessage({ kind: "state", state });
        break;
      case "follow": {
        followed.add(message.sessionId);
        const deltas = drafts.of(message.sessionId);
        if (deltas.length > 0) port.postMessage({ kind: "told", events: [], deltas });
        break;
      }
      case "unfollow":
        followed.delete(message.sessionId);
        break;
      case "retry":
        // What is under way may be about to be refused for what was mended just now.
        if (state.kind !== "live") stop();
        start();
        break;
      case "anew":
        stop();
        start();
        break;
      case "bye":
        leave(port);
        break;
    }
  }

  return {
    connect(port) {
      port.onmessage = ({ data }) => hear(port, data);
    },
  };
}
