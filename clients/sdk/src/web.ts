import type { Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { bearer, createDaphnia, type Daphnia, requestIds } from "./client.ts";

export interface WebOptions {
  /** The daemon's `http://host:port`; a page that it serves is of the same origin. */
  readonly baseUrl: string;
  readonly token?: string;
}

/** A client for browsers, and for whatever else has `fetch`. */
export function connectWeb(options: WebOptions): Daphnia {
  return createDaphnia(webTransport(options));
}

/** The way to a daemon by `fetch`, for clients that need only some of its services. */
export function webTransport({ baseUrl, token }: WebOptions): Transport {
  return createConnectTransport({
    baseUrl,
    // Half the bytes of JSON, and a message is not lost to one broken character.
    useBinaryFormat: true,
    interceptors: [requestIds, ...(token ? [bearer(token)] : [])],
  });
}
