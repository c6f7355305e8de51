import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  EventService,
  WatchRequestSchema,
  type WatchResponse,
  WatchResponseSchema,
} from "@daphnia/protocol/event_service";
import { PartSchema } from "@daphnia/protocol/message";
import { SessionService } from "@daphnia/protocol/session_service";
import type { RawClient } from "./raw-client.ts";

const { createSession, prompt } = SessionService.method;
export const watchPath = `/${EventService.typeName}/${EventService.method.watch.name}`;

/** Creates a session that a model answers; its id. */
export async function newSession(
  client: RawClient,
  model: string,
  folder: string,
): Promise<string> {
  const { session } = await client.call(createSession, { model, roots: [folder] });
  return session?.id ?? "";
}

export function watchRequest(request: MessageInitShape<typeof WatchRequestSchema>): Uint8Array {
  return toBinary(WatchRequestSchema, create(WatchRequestSchema, request));
}

/** Somebody who prompts, and sees everything that comes of it. */
export interface Viewer {
  /** Prompts a session; resolves when its turn is over. Rejects when that failed. */
  turn(sessionId: string, text: string): Promise<void>;
  leave(): void;
}

/** Watches everything, deltas at most each `minFrame` milliseconds, and reads it all. */
export function openViewer(
  client: RawClient,
  onResponse: (response: WatchResponse) => void = () => {},
  minFrame = 0,
): Viewer {
  const waiting = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const request = watchRequest({ minFrame: durationFromMs(minFrame) });
  const leave = client.stream(watchPath, request, (bytes) => {
    const response = fromBinary(WatchResponseSchema, bytes);
    onResponse(response);
    for (const { body, sessionId } of response.events) {
      if (body.case !== "turnFinished") continue;
      const { error } = body.value;
      if (error === undefined) waiting.get(sessionId)?.resolve();
      else waiting.get(sessionId)?.reject(new Error(`the turn failed: ${error.message}`));
    }
  });
  return {
    async turn(sessionId, text) {
      const over = Promise.withResolvers<void>();
      waiting.set(sessionId, over);
      const parts = [create(PartSchema, { kind: { case: "text", value: text } })];
      await client.call(prompt, { sessionId, parts });
      await over.promise;
    },
    leave,
  };
}
