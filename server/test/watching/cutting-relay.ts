import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A home whose socket leads to another one, over connections that break. */
export interface CuttingRelay extends AsyncDisposable {
  readonly home: string;
  /** Connections that it broke so far. */
  cuts(): number;
}

/**
 * Breaks each connection once so many bytes came back on it, wherever in a message that
 * is. `bytesOfNext` is asked for each; infinity lets it be.
 */
export async function openCuttingRelay(
  socket: string,
  bytesOfNext: () => number,
): Promise<CuttingRelay> {
  const home = await mkdtemp(join(tmpdir(), "dph-"));
  await mkdir(join(home, "run"));
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(socket);
    let left = bytesOfNext();
    for (const side of [near, far]) {
      open.add(side);
      side.on("error", () => {}); // its closing says it
      side.once("close", () => {
        open.delete(side);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on("data", (chunk: Buffer) => {
      if (chunk.length < left) {
        left -= chunk.length;
        if (!near.write(chunk)) pauseUntilDrain(far, near);
        return;
      }
      cuts++;
      far.destroy();
      near.end(chunk.subarray(0, left), () => near.destroy());
    });
  });
  server.listen(join(home, "run", "daphnia.sock"));
  await once(server, "listening");
  return {
    home,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const side of open) side.destroy();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function pauseUntilDrain(from: Socket, to: Socket): void {
  from.pause();
  to.once("drain", () => from.resume());
}
