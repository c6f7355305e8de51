import type { Daphnia } from "@daphnia/client";
import { createHub, type HubPort } from "./hub.ts";
import type { LiveState, ToHub, Told, ToTab } from "./messages.ts";

/** What happens in the daemon, as it reaches this tab. */
export interface Feed {
  state(): LiveState;
  onState(listener: (state: LiveState) => void): () => void;
  onTold(listener: (told: Told) => void): () => void;
  /** Asks for the deltas of a session, until the answer is called. */
  follow(sessionId: string): () => void;
  /** Tries again after a refusal. */
  retry(): void;
  /** Ends the watch that all tabs share and opens another: whoever was let in may not be now. */
  anew(): void;
}

/** Joins the watch that all tabs share; where there are no shared workers, one of its own. */
export function openFeed(client: Pick<Daphnia, "watch">): Feed {
  const port = openPort(client);
  const send = (message: ToHub) => port.postMessage(message);
  const onState = new Set<(state: LiveState) => void>();
  const onTold = new Set<(told: Told) => void>();
  /** How many parts of the page follow each session. */
  const followed = new Map<string, number>();
  let state: LiveState = { kind: "connecting" };

  port.onmessage = ({ data }: MessageEvent<ToTab>) => {
    if (data.kind === "told") {
      for (const listener of onTold) listener(data);
      return;
    }
    state = data.state;
    for (const listener of onState) listener(state);
  };
  send({ kind: "hello" });
  window.addEventListener("pagehide", () => send({ kind: "bye" }));
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    send({ kind: "hello" });
    for (const sessionId of followed.keys()) send({ kind: "follow", sessionId });
  });

  return {
    state: () => state,
    onState: (listener) => joined(onState, listener),
    onTold: (listener) => joined(onTold, listener),
    follow(sessionId) {
      const count = followed.get(sessionId) ?? 0;
      followed.set(sessionId, count + 1);
      if (count === 0) send({ kind: "follow", sessionId });
      return () => {
        const left = (followed.get(sessionId) ?? 1) - 1;
        if (left > 0) followed.set(sessionId, left);
        else followed.delete(sessionId);
        if (left === 0) send({ kind: "unfollow", sessionId });
      };
    },
    retry: () => send({ kind: "retry" }),
    anew: () => send({ kind: "anew" }),
  };
}

function joined<T>(set: Set<T>, one: T): () => void {
  set.add(one);
  return () => set.delete(one);
}

/** The tab's end of the channel to the hub. */
function openPort(client: Pick<Daphnia, "watch">): MessagePort {
  if (typeof SharedWorker === "function") {
    const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module" });
    return worker.port;
  }
  const { port1, port2 } = new MessageChannel();
  const port: HubPort = port2;
  createHub(client).connect(port);
  return port1;
}
