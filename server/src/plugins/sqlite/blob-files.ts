import { createHash, randomBytes } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Large blobs as files by their digest, and the pieces of uploads. */
export interface BlobFiles {
  has(digest: string): Promise<boolean>;
  /** Keeps the bytes; they are synced, and so is their name. */
  write(digest: string, bytes: Uint8Array): Promise<void>;
  /** Moves a finished, synced file to its digest's place. */
  place(from: string, digest: string): Promise<void>;
  read(digest: string, offset: number, limit: number): Promise<FilePart | undefined>;
  /** Where the pieces of an upload are gathered. */
  uploadPath(uploadId: string): string;
  /** Removes at once: nothing can come in between. */
  remove(digest: string): void;
  /** Digests of the files that were last written before a time. */
  older(than: number): AsyncIterable<string>;
  /** Removes what was being uploaded before a time and never finished. */
  removeUploads(olderThan: number): Promise<void>;
}

export interface FilePart {
  readonly bytes: Uint8Array;
  readonly size: number;
}

const shelf = /^[0-9a-f]{2}$/;

export function createBlobFiles(folder: string): BlobFiles {
  const uploads = join(folder, "uploads");
  const fileOf = (digest: string) => join(folder, digest.slice(0, 2), digest);

  async function place(from: string, digest: string): Promise<void> {
    const to = fileOf(digest);
    const made = await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await rename(from, to);
    await syncFolder(dirname(to));
    if (made !== undefined) await syncFolder(folder);
  }

  return {
    has: async (digest) => (await timeOf(fileOf(digest))) !== undefined,
    async write(digest, bytes) {
      // Two may write the same bytes at once: each has its own file until it is whole.
      const from = join(uploads, `${digest}.${randomBytes(6).toString("hex")}`);
      await mkdir(uploads, { recursive: true, mode: 0o700 });
      const file = await open(from, "wx", 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await place(from, digest);
    },
    place,
    read: (digest, offset, limit) => readPart(fileOf(digest), offset, limit),
    uploadPath: (uploadId) => join(uploads, uploadId),
    remove: (digest) => rmSync(fileOf(digest), { force: true }),
    async *older(than) {
      for (const name of await readdir(folder)) {
        if (!shelf.test(name)) continue;
        for (const digest of await readdir(join(folder, name))) {
          const time = await timeOf(fileOf(digest));
          if (time !== undefined && time < than) yield digest;
        }
      }
    },
    async removeUploads(olderThan) {
      for (const name of await readdir(uploads).catch(() => [])) {
        const time = await timeOf(join(uploads, name));
        if (time !== undefined && time < olderThan) await rm(join(uploads, name), { force: true });
      }
    },
  };
}

/** Part of a file; undefined when there is no such file. */
export async function readPart(
  path: string,
  offset: number,
  limit: number,
): Promise<FilePart | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.max(0, Math.min(limit, size - offset)));
    await file.read(bytes, 0, bytes.length, offset);
    return { bytes, size };
  } finally {
    await file.close();
  }
}

export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}

async function timeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
