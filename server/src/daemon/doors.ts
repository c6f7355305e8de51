import { join } from "node:path";
import type { ConnectRouter } from "@connectrpc/connect";
import { createErrorInterceptor, shuttingDown } from "../services/error-interceptor.ts";
import { portOwner } from "./check-port.ts";
import type { Home } from "./home.ts";
import type { DaemonLimits } from "./limits.ts";
import type { Logins } from "./listener/logins.ts";
import { type Listener, type ListenerOptions, openListener } from "./listener/open-listener.ts";
import { createPageDoor } from "./listener/page-door.ts";
import type { StreamPlaces } from "./listener/stream-places.ts";
import { socketLimits, type TransportLimits, tcpLimits } from "./listener/transport-limits.ts";
import type { DaemonLog } from "./log.ts";

/** The ways into the daemon: its socket always, a TCP port where one is wanted. */
export interface Doors {
  /** Ends every stream with a reason, lets other calls end, and closes within the grace. */
  close(grace: number): Promise<void>;
}

export interface DoorOptions {
  readonly home: Home;
  readonly limits: DaemonLimits;
  readonly log: DaemonLog;
  readonly tcp: { readonly host: string; readonly port: number } | undefined;
  readonly hosts: readonly string[];
  readonly token: string;
  /** How browsers are let in. */
  readonly logins: Logins;
  /** The folder of the dashboard's built files; default: where they lie when they are built. */
  readonly dashboard?: string | undefined;
  readonly places: StreamPlaces;
  readonly routes: (router: ConnectRouter) => void;
  /** Told the address of each door as soon as it is open. */
  readonly onOpen: (address: string) => void;
  readonly onDenied: (denied: { readonly peer: string; readonly reason: string }) => void;
}

/** Beside the bundle, or in the repository. */
const builtDashboard =
  process.env["DAPHNIA_BUNDLED_VERSION"] === undefined
    ? join(import.meta.dirname, "../../../clients/dashboard/dist")
    : join(import.meta.dirname, "dashboard");
/** Room for calls beside the watches of one connection, so that one too many can be refused. */
const spareStreams = 128;
/** Answers may be larger than requests: a transcript, a step's request. */
const answerFactor = 16;

export async function openDoors(options: DoorOptions): Promise<Doors> {
  const { limits, log, tcp, hosts, token, home, logins } = options;
  const onError = (where: string, error: unknown) =>
    log.error({ where, err: error }, "a request failed");
  const shared = {
    routes: options.routes,
    places: options.places,
    onDenied: options.onDenied,
    interceptors: [createErrorInterceptor(onError)],
    onError,
  };
  const listeners: Listener[] = [];
  const open = async (of: Pick<ListenerOptions, "address" | "limits" | "fallback">) => {
    const listener = await openListener({ ...shared, ...of });
    listeners.push(listener);
    options.onOpen(listener.address);
  };
  await open({
    address: { path: home.socket },
    limits: toTransport(socketLimits, limits, limits.maxWatchesPerConnection),
  });
  if (tcp !== undefined) {
    try {
      const ofTcp = toTransport(tcpLimits, limits, limits.maxWatchesPerTcpConnection);
      const address = { ...tcp, token, hosts, cookies: logins.cookies };
      const fallback = createPageDoor(options.dashboard ?? builtDashboard, logins);
      await open({ address, limits: ofTcp, fallback });
    } catch (error) {
      const owner = await portOwner(tcp.port);
      log.warn(
        { err: error, ...tcp, ...(owner && { takenBy: owner }) },
        "the TCP port cannot be opened; the socket serves alone",
      );
    }
  }
  return {
    async close(grace) {
      await Promise.all(listeners.map((listener) => listener.close(grace, shuttingDown())));
    },
  };
}

function toTransport(
  base: TransportLimits,
  limits: DaemonLimits,
  maxWatches: number,
): TransportLimits {
  return {
    ...base,
    maxHeaderBytes: limits.maxHeaderBytes,
    headerTimeout: limits.headerTimeout,
    maxConnections: limits.maxConnections,
    maxWatches,
    maxStreams: maxWatches + spareStreams,
    maxReadBytes: limits.maxMessageBytes,
    maxWriteBytes: answerFactor * limits.maxMessageBytes,
    stallTimeout: limits.stallTimeout,
  };
}
