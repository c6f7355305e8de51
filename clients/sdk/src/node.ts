import { createConnectTransport } from "@connectrpc/connect-node";
import { bearer, createDaphnia, type Daphnia, requestIds } from "./client.ts";
import { type HomeOptions, socketOf } from "./home.ts";
import { retryBroken } from "./retry-broken.ts";

export interface ConnectOptions extends HomeOptions {
  /**
   * A daemon's `http://host:port` instead of a home's socket; default `DAPHNIA_URL`,
   * unless a home is given.
   */
  readonly url?: string;
  /** The bearer token for a url; default `DAPHNIA_TOKEN`. */
  readonly token?: string;
}

/** A client for the daemon of a home, or for the one at a url. It connects at the first call. */
export function connect(options: ConnectOptions = {}): Daphnia {
  const url = options.url ?? (options.home ? undefined : process.env["DAPHNIA_URL"]);
  const token = options.token ?? process.env["DAPHNIA_TOKEN"];
  if (url) {
    return createDaphnia(
      createConnectTransport({
        httpVersion: "2",
        baseUrl: url,
        interceptors: [requestIds, retryBroken, ...(token ? [bearer(token)] : [])],
        pingIntervalMs: 20_000,
      }),
    );
  }
  return createDaphnia(
    createConnectTransport({
      httpVersion: "1.1",
      baseUrl: "http://localhost",
      nodeOptions: { socketPath: socketOf(options) },
      acceptCompression: [],
      interceptors: [requestIds, retryBroken],
    }),
  );
}
