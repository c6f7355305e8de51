import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";

/** Stands between a client and a daemon, and can go quiet as a sleeping machine does. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Connections that were taken. */
  taken(): number;
  /** From now on nothing passes on the connections that are open, and none of them closes. */
  freeze(): void;
  /** Cuts the connections that are open, in the middle of whatever they carry. */
  cut(): void;
}

/** Relays a port of loopback, or a socket file, to wherever the daemon is at that moment. */
export async function openRelay(
  to: () => NetConnectOpts,
  at: { readonly path?: string } = {},
): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let taken = 0;
  const server = createServer((near) => {
    taken++;
    const far = connect(to());
    const pair = [near, far] as const;
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const socket of pair) {
      socket.on("error", () => {}); // its closing says it
      socket.once("close", () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  server.listen(at.path === undefined ? { host: "127.0.0.1", port: 0 } : { path: at.path });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const cut = () => {
    for (const sockets of pairs) for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    taken: () => taken,
    freeze() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.pause();
        far.pause();
      }
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      if (at.path !== undefined) await rm(at.path, { force: true });
    },
  };
}
