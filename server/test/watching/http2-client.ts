import { connect } from "node:net";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";

/** Calls over one HTTP/2 connection to a socket, made anew whenever it broke. */
export interface Http2Client extends Disposable {
  readonly events: Client<typeof EventService>;
  readonly daemon: Client<typeof DaemonService>;
}

export function openHttp2Client(socket: string): Http2Client {
  const baseUrl = "http://localhost";
  const createConnection = () => connect(socket);
  const sessionManager = new Http2SessionManager(baseUrl, {}, { createConnection });
  const transport = createConnectTransport({ httpVersion: "2", baseUrl, sessionManager });
  return {
    events: createClient(EventService, transport),
    daemon: createClient(DaemonService, transport),
    [Symbol.dispose]: () => sessionManager.abort(),
  };
}
