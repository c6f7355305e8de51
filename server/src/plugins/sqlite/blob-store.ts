import { createHash } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { invalidField } from "../../base/errors.ts";
import { idRule, isId } from "../../base/ids.ts";
import type { BlobStore } from "../../core/log/blob-store.ts";
import { createBlobFiles, digestOfFile, readPart } from "./blob-files.ts";
import { createBlobOutputs } from "./blob-outputs.ts";
import { withSpace } from "./sqlite-error.ts";
import type { SqliteAccess } from "./sqlite-store.ts";

/** Blobs up to this size are rows of the database, larger ones are files. */
const rowBytes = 64 * 1024;
const day = 24 * 60 * 60 * 1000;
const maxUploadBytes = 256 * 1024 * 1024;

/** Blobs in the database and, where they are large, in files beside it. */
export function createSqliteBlobStore(
  db: DatabaseSync,
  folder: string,
  { write, read }: SqliteAccess,
  now: () => number,
): BlobStore {
  const row = db.prepare("SELECT size, bytes IS NULL AS is_file FROM blob WHERE digest = ?");
  const slice = db.prepare("SELECT substr(bytes, ?, ?) AS bytes FROM blob WHERE digest = ?");
  const insert = db.prepare(
    "INSERT INTO blob(digest, size, time, bytes) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time",
  );
  const dropUnnamed = db.prepare(
    "DELETE FROM blob WHERE time < ? AND digest NOT IN (SELECT digest FROM blob_use) RETURNING digest, bytes IS NULL AS is_file",
  );
  const finished = db.prepare("SELECT digest, size FROM upload WHERE id = ?");
  const finish = db.prepare(
    "INSERT OR REPLACE INTO upload(id, digest, size, time) VALUES(?, ?, ?, ?)",
  );
  const forgetUploads = db.prepare("DELETE FROM upload WHERE time < ?");
  const forgetRequests = db.prepare("DELETE FROM request WHERE time < ?");
  const files = createBlobFiles(folder);
  /** When each file was last promised to somebody who may name it: such a one stays. */
  const promised = new Map<string, number>();
  const { removeOld: removeOutputs, ...outputs } = createBlobOutputs(join(folder, "outputs"), {
    files,
    rowBytes,
    promise: (digest) => promised.set(digest, now()),
  });
  /** The last piece of each upload that is being kept: pieces wait for each other. */
  const running = new Map<string, Promise<unknown>>();

  async function keepPiece(uploadId: string, offset: number, bytes: Uint8Array, last: boolean) {
    const done = read(() => finished.get(uploadId));
    if (done !== undefined) return { size: Number(done["size"]), digest: String(done["digest"]) };
    const path = files.uploadPath(uploadId);
    const held = (await readPart(path, 0, 0))?.size ?? 0;
    if (offset > held) {
      throw invalidField("offset", `must be at most ${held}: pieces follow each other`);
    }
    const size = offset + bytes.length;
    if (size > maxUploadBytes) {
      throw invalidField("data", `a blob holds at most ${maxUploadBytes} bytes`);
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, held === 0 ? "w+" : "r+", 0o600);
    try {
      await file.write(bytes, 0, bytes.length, offset);
      if (!last) return { size: Math.max(held, size) };
      await file.truncate(size);
      await file.sync();
    } finally {
      await file.close();
    }
    return finishUpload(uploadId, path, size);
  }

  async function finishUpload(uploadId: string, path: string, size: number) {
    const digest = await digestOfFile(path);
    const isFile = size > rowBytes;
    const bytes = isFile ? null : ((await readPart(path, 0, size))?.bytes ?? null);
    if (isFile) {
      promised.set(digest, now());
      await files.place(path, digest);
    }
    await write(() => {
      insert.run(digest, size, now(), bytes);
      finish.run(uploadId, digest, size, now());
    });
    if (!isFile) await rm(path, { force: true });
    return { size, digest };
  }

  function removeFile(digest: string, old: number): boolean {
    if ((promised.get(digest) ?? 0) >= old) return false;
    promised.delete(digest);
    files.remove(digest);
    return true;
  }

  /** Removes files that no row speaks of: prepared, and then not named. */
  async function removeOrphans(old: number): Promise<number> {
    let removed = 0;
    for await (const digest of files.older(old)) {
      const isOrphan = read(() => row.get(digest)) === undefined;
      if (isOrphan && removeFile(digest, old)) removed++;
    }
    return removed;
  }

  return {
    ...outputs,
    async prepare(bytes) {
      const digest = createHash("sha256").update(bytes).digest("hex");
      if (bytes.length <= rowBytes) return { digest, size: bytes.length, bytes };
      promised.set(digest, now());
      if (!(await files.has(digest))) await withSpace(() => files.write(digest, bytes));
      return { digest, size: bytes.length };
    },
    async read(digest, offset, limit) {
      const found = read(() => row.get(digest));
      if (found === undefined) return undefined;
      if (found["is_file"] === 1) return files.read(digest, offset, limit);
      const bytes = read(() => slice.get(offset + 1, limit, digest))?.["bytes"];
      return {
        bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
        size: Number(found["size"]),
      };
    },
    async upload(uploadId, offset, bytes, last) {
      if (!isId(uploadId)) throw invalidField("upload_id", `must be ${idRule}`);
      const before = running.get(uploadId) ?? Promise.resolve();
      const kept = before
        .catch(() => {}) // whoever sent that piece has the error
        .then(() => withSpace(() => keepPiece(uploadId, offset, bytes, last)));
      running.set(uploadId, kept);
      try {
        return await kept;
      } finally {
        if (running.get(uploadId) === kept) running.delete(uploadId);
      }
    },
    async sweep() {
      const old = now() - day;
      let dropped: Record<string, unknown>[] = [];
      await write(() => {
        dropped = dropUnnamed.all(old);
        forgetUploads.run(old);
        forgetRequests.run(old);
      });
      for (const found of dropped) {
        if (found["is_file"] === 1) removeFile(String(found["digest"]), old);
      }
      const orphans = await removeOrphans(old);
      await files.removeUploads(old);
      for (const [digest, time] of promised) if (time < old) promised.delete(digest);
      return dropped.length + orphans + (await removeOutputs(old));
    },
  };
}
