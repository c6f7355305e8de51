import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction, type Socket, SocketAddress } from "node:net";
import type { Target } from "./target.ts";

/** What all headers of an answer may have together. */
const maxHeaderSize = 32_768;

/**
 * Sends one GET to one of these addresses and no other, and resolves when the
 * headers of the answer are there. Ends with the signal, the body too.
 */
export function get(
  target: Target,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { url, name, port } = target;
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send({
      // An agent of its own: none that goes through a proxy, none with an old connection.
      agent: false,
      hostname: target.literal ?? name,
      path: url.pathname + url.search,
      headers: {
        accept: "text/markdown, text/html;q=0.9, text/plain;q=0.8, */*;q=0.5",
        "accept-encoding": "gzip, br",
        "user-agent": "daphnia",
      },
      lookup: answering(addresses),
      ...{ port, maxHeaderSize, signal },
    });
    request.on("socket", (socket) => onlyTo(addresses, socket));
    request.once("response", resolve);
    request.on("error", reject);
    request.end();
  });
}

/** Says what is known: nobody is asked a second time, who could say something else. */
function answering(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, options, answer) => {
    if (options.all) return answer(null, known);
    const [first] = known;
    if (first === undefined) return answer(new Error("it has no address"), "", 0);
    answer(null, first.address, first.family);
  };
}

/** The last check is on what was connected to; nothing is written before it. */
function onlyTo(addresses: readonly string[], socket: Socket): void {
  const expected = addresses.map(plainAddress);
  socket.prependOnceListener("connect", () => {
    const met = socket.remoteAddress ?? "";
    if (expected.includes(plainAddress(met))) return;
    socket.destroy(new Error(`the connection led to ${met || "nowhere"}, which was not checked`));
  });
}

/** One spelling for each address. */
function plainAddress(address: string): string {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  return isIP(address) === 0 ? "" : new SocketAddress({ address, family }).address;
}
