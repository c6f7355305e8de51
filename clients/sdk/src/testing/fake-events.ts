import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient, createRouterTransport } from "@connectrpc/connect";
import {
  EventService,
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from "@daphnia/protocol/event_service";

/** What one connection of a watch tells; `signal` aborts when the client leaves it. */
export type Connection = (
  request: WatchRequest,
  signal: AbortSignal,
) => AsyncIterable<MessageInitShape<typeof WatchResponseSchema>>;

/** An event service that plays one connection after the other; the last one again and again. */
export function createFakeEvents(connections: readonly Connection[]): {
  readonly client: Client<typeof EventService>;
  readonly requests: readonly WatchRequest[];
} {
  const requests: WatchRequest[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(EventService, {
      async *watch(request, { signal }) {
        const connection = connections[Math.min(requests.length, connections.length - 1)];
        requests.push(request);
        for await (const response of connection?.(request, signal) ?? []) {
          yield create(WatchResponseSchema, response);
        }
      },
    });
  });
  return { client: createClient(EventService, transport), requests };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The text of one draft as a reader that never replaces anything would put it together. */
export function textOf(responses: readonly WatchResponse[]): string {
  return responses
    .flatMap(({ deltas }) => deltas)
    .map(({ piece }) => (piece.case === "text" ? piece.value : ""))
    .join("");
}
