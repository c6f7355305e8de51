import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { AgentService } from "@daphnia/protocol/agent_service";
import { ApprovalService } from "@daphnia/protocol/approval_service";
import { BlobService } from "@daphnia/protocol/blob_service";
import { ComponentService } from "@daphnia/protocol/component_service";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";
import { SessionService } from "@daphnia/protocol/session_service";
import { mintUuid } from "./mint-uuid.ts";
import { type Watch, type WatchOptions, watch } from "./watch.ts";

/** Everything that a daemon offers, by one connection. */
export interface Daphnia {
  readonly sessions: Client<typeof SessionService>;
  readonly events: Client<typeof EventService>;
  readonly blobs: Client<typeof BlobService>;
  readonly agents: Client<typeof AgentService>;
  readonly approvals: Client<typeof ApprovalService>;
  readonly components: Client<typeof ComponentService>;
  readonly daemon: Client<typeof DaemonService>;
  /** Follows the log, and resumes by itself wherever it was cut off. */
  watch(options?: WatchOptions): Watch;
}

export function createDaphnia(transport: Transport): Daphnia {
  const events = createClient(EventService, transport);
  return {
    sessions: createClient(SessionService, transport),
    events,
    blobs: createClient(BlobService, transport),
    agents: createClient(AgentService, transport),
    approvals: createClient(ApprovalService, transport),
    components: createClient(ComponentService, transport),
    daemon: createClient(DaemonService, transport),
    watch: (options = {}) => watch(events, options),
  };
}

/** The major version of the protocol that this client speaks. */
export const protocolVersion = "1";

/** Mints a `request_id` for each write that has none, and states the protocol. */
export const requestIds: Interceptor = (next) => (request) => {
  request.header.set("daphnia-protocol", protocolVersion);
  if (!request.stream) {
    const { message } = request;
    if ("requestId" in message && message.requestId === "") message.requestId = mintUuid();
  }
  return next(request);
};

/** Shows a daemon its token. */
export function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}
