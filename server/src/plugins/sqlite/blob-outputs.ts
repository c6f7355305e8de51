import { createHash } from "node:crypto";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isId } from "../../base/ids.ts";
import type { BlobOutput, BlobStore, PreparedBlob } from "../../core/log/blob-store.ts";
import { type BlobFiles, digestOfFile, readPart } from "./blob-files.ts";
import { withSpace } from "./sqlite-error.ts";

type Outputs = Pick<BlobStore, "openOutput" | "readOutput" | "leftOutput" | "dropOutput">;

/** What running calls print: a file for each, by the call's id. */
export interface BlobOutputs extends Outputs {
  /** Removes what was last written before a time and belongs to no open output. */
  removeOld(than: number): Promise<number>;
}

/** File systems without second names: there the file moves. */
const noLinks: readonly unknown[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

export function createBlobOutputs(
  folder: string,
  deps: {
    readonly files: BlobFiles;
    /** Outputs up to this size become rows. */
    readonly rowBytes: number;
    /** The file of this digest stays: somebody is about to name it. */
    readonly promise: (digest: string) => void;
  },
): BlobOutputs {
  const { files } = deps;
  const running = new Set<string>();
  const pathOf = (callId: string) => {
    if (!isId(callId)) throw new Error(`no call is named ${JSON.stringify(callId)}`);
    return join(folder, callId);
  };

  /** The output's own name stays until its event is visible: a crash in between loses nothing. */
  async function toBlob(path: string, size: number, digest: string): Promise<PreparedBlob> {
    if (size <= deps.rowBytes) {
      const part = await readPart(path, 0, size);
      if (part === undefined) throw new Error(`${path} is gone`);
      return { digest, size, bytes: part.bytes };
    }
    deps.promise(digest);
    if (await files.has(digest)) return { digest, size };
    const second = `${path}.done`;
    await rm(second, { force: true });
    try {
      await link(path, second);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && noLinks.includes(error.code))) throw error;
      await rename(path, second);
    }
    await files.place(second, digest);
    return { digest, size };
  }

  return {
    openOutput(callId) {
      const path = pathOf(callId);
      running.add(callId);
      return createFileOutput(path, toBlob);
    },
    async readOutput(callId, offset, limit) {
      return isId(callId) ? readPart(join(folder, callId), offset, limit) : undefined;
    },
    async leftOutput(callId) {
      const path = pathOf(callId);
      const size = (await readPart(path, 0, 0))?.size ?? 0;
      if (size === 0) return undefined;
      await syncFile(path);
      const digest = await digestOfFile(path);
      return withSpace(() => toBlob(path, size, digest));
    },
    async dropOutput(callId) {
      running.delete(callId);
      if (isId(callId)) await rm(join(folder, callId), { force: true });
    },
    async removeOld(than) {
      let removed = 0;
      for (const name of await namesIn(folder)) {
        if (running.has(name)) continue;
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined); // its call may have just ended
        if (found === undefined || found.mtimeMs >= than) continue;
        await rm(path, { force: true });
        removed++;
      }
      return removed;
    },
  };
}

function createFileOutput(
  path: string,
  toBlob: (path: string, size: number, digest: string) => Promise<PreparedBlob>,
): BlobOutput {
  const hash = createHash("sha256");
  let file: FileHandle | undefined;
  let size = 0;
  let digest: string | undefined;

  async function openFile(): Promise<FileHandle> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Never emptied in place: the file of an earlier run may be a blob by now.
    await rm(path, { force: true });
    return open(path, "wx", 0o600);
  }

  async function writeAll(to: FileHandle, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await to.write(bytes, at, bytes.length - at, size + at);
      at += bytesWritten;
    }
  }

  return {
    async append(bytes) {
      if (digest !== undefined) throw new Error("this output is finished");
      await withSpace(async () => {
        file ??= await openFile();
        await writeAll(file, bytes); // at its place, so that a retry writes the same bytes there
      });
      hash.update(bytes);
      size += bytes.length;
    },
    async finish() {
      digest ??= hash.digest("hex");
      const name = digest;
      return withSpace(async () => {
        await file?.truncate(size); // half of an append that failed
        await file?.sync();
        await file?.close();
        file = undefined;
        return toBlob(path, size, name);
      });
    },
  };
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
