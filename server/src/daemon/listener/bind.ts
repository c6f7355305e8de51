import { once } from "node:events";
import { lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";

export type SocketAddress = { readonly path: string };
export type PortAddress = { readonly host: string; readonly port: number };

/** Listens at a socket file that is private from birth. Replaces one that nobody serves. */
export async function bindSocket(server: Server, path: string): Promise<void> {
  const max = process.platform === "darwin" ? 103 : 107;
  const length = Buffer.byteLength(path);
  if (length > max) {
    throw new Error(`the socket's path is ${length} bytes, the system allows ${max}: ${path}`);
  }
  await removeStale(path);
  const listening = once(server, "listening");
  // Node binds before `listen` returns, so no other file is made under this mask.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await listening;
}

/** Listens at a loopback port and returns the one that was bound. */
export async function bindPort(server: Server, { host, port }: PortAddress): Promise<number> {
  if (!/^(127(\.\d{1,3}){3}|localhost|::1)$/.test(host)) {
    throw new Error(`${host} is not a loopback address, and without TLS no other is served`);
  }
  const listening = once(server, "listening");
  server.listen(port, host);
  await listening;
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await isServed(path)) throw new Error(`another process serves ${path}`);
  await unlink(path);
}

async function isServed(path: string): Promise<boolean> {
  const probe = connect(path);
  try {
    await once(probe, "connect");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") return false;
    throw error;
  } finally {
    probe.destroy();
  }
}
