import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { messageOf } from "../base/errors.ts";
import { type Found, ok, warn } from "./finding.ts";

/** Whether the TCP port can be served; `ours` is the pid of the home's daemon, where one runs. */
export async function checkPort(
  listen: { readonly tcp: boolean; readonly address: string; readonly port: number },
  ours: number | undefined,
): Promise<Found> {
  const { tcp, address, port } = listen;
  if (!tcp) return ok("port", "TCP is off; the socket serves");
  if (port === 0) return ok("port", "a free TCP port is taken at the start");
  const place = `${address}:${port}`;
  const problem = await tryPort(address, port);
  if (problem === undefined) return ok("port", `${place} is free`);
  const remedy = "stop what serves it, or set DAPHNIA_TCP_PORT or [listen] port to another";
  if (problem.code !== "EADDRINUSE") return warn("port", messageOf(problem), remedy);
  const owner = await portOwner(port);
  if (owner !== undefined && owner.pid === ours) {
    return ok("port", `${place} is served by this home's daemon`);
  }
  const who = owner === undefined ? "another process" : `pid ${owner.pid} (${owner.name})`;
  return warn("port", `${place} is taken by ${who}; the socket would serve alone`, remedy);
}

async function tryPort(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}

/** Which process listens on a port, as far as Linux tells its owner. */
export async function portOwner(port: number): Promise<{ pid: number; name: string } | undefined> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  const inode = tables.flatMap((table) => listenersOf(table, port)).at(0);
  if (inode === undefined) return undefined;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []); // another user's, or gone
    for (const file of files) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => "");
      if (target !== `socket:[${inode}]`) continue;
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "?");
      return { pid: Number(pid), name: name.trim() };
    }
  }
  return undefined;
}

/** Inodes of the sockets that listen on a port, from the text of /proc/net/tcp. */
function listenersOf(table: string, port: number): string[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === "0A" && local?.endsWith(ending) && inode !== undefined ? [inode] : [];
  });
}
