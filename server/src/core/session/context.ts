import type { Message } from "@daphnia/protocol/message";
import { restore } from "../agent/elide.ts";
import { type KnownRequest, rebuildRequest } from "../agent/request-manifest.ts";
import { createHistory, type History } from "./history.ts";
import type { SessionDeps } from "./session-deps.ts";
import { readEvents } from "./session-events.ts";

/** What a session's turns remember between steps; all of it can be read again. */
export interface SessionContext {
  /** The model's history up to what is committed now, with whole texts. */
  messages(): Promise<readonly Message[]>;
  lastRequest(): Promise<KnownRequest | undefined>;
  keepRequest(request: KnownRequest): void;
  /** Forgets the last request, which is large, when no turn runs. */
  rest(): void;
  /** Forgets the history too, until a turn needs it. */
  forget(): void;
}

export function createContext(sessionId: string, deps: SessionDeps): SessionContext {
  const { store } = deps.log;
  let history: History = createHistory();
  let seq = 0;
  let request: KnownRequest | undefined;

  async function catchUp(): Promise<void> {
    for await (const event of readEvents(store, sessionId, seq)) {
      history.apply(event);
      seq = Number(event.seq);
    }
  }

  const read = async (digest: string): Promise<Uint8Array> => {
    const blob = await deps.blobs.read(digest, 0, Number.MAX_SAFE_INTEGER);
    if (blob === undefined) throw new Error(`blob ${digest} is missing`);
    return blob.bytes;
  };

  return {
    async messages() {
      await catchUp();
      return Promise.all(
        history.messages().map(async (message) => ({
          ...message,
          parts: await restore(message.parts, read),
        })),
      );
    },
    async lastRequest() {
      if (request !== undefined) return request;
      await catchUp();
      const digest = history.lastRequest();
      return digest === "" ? undefined : (await rebuildRequest(digest, read)).request;
    },
    keepRequest(kept) {
      request = kept;
    },
    rest() {
      request = undefined;
    },
    forget() {
      request = undefined;
      history = createHistory();
      seq = 0;
    },
  };
}
