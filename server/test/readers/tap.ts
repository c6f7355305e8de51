import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A home whose socket leads to another one, and which keeps what comes back. */
export interface Tap extends AsyncDisposable {
  readonly home: string;
  /** All bytes that came back on its only connection. */
  heard(): Uint8Array;
}

export async function openTap(socket: string): Promise<Tap> {
  const home = await mkdtemp(join(tmpdir(), "dph-"));
  await mkdir(join(home, "run"));
  const chunks: Buffer[] = [];
  let connections = 0;
  const server = createServer((near) => {
    connections++;
    const far = connect(socket);
    far.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    near.pipe(far).pipe(near);
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
    for (const side of [near, far]) side.on("error", () => {}); // its closing says it
  });
  server.listen(join(home, "run", "daphnia.sock"));
  await once(server, "listening");
  return {
    home,
    heard() {
      if (connections !== 1) throw new Error(`${connections} connections were made`);
      return Buffer.concat(chunks);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
