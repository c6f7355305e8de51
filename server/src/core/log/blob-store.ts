/** A blob that is ready to be named by an event. */
export interface PreparedBlob {
  readonly digest: string;
  readonly size: number;
  /** Present while the bytes are to be written in the event's own transaction. */
  readonly bytes?: Uint8Array;
}

/**
 * Bytes by their SHA-256. Proved by testing/blob-store-suite.ts.
 *
 * L1: whoever can read an event can read the blobs that it names, from the moment
 * it is visible: large ones are synced before the event commits, small ones
 * commit with it.
 * L2: a blob that nothing names is removed after a day.
 */
export interface BlobStore {
  /** Keeps the bytes, or holds them for the event's transaction. */
  prepare(bytes: Uint8Array): Promise<PreparedBlob>;
  /** Part of a blob; undefined when there is none of that digest. */
  read(
    digest: string,
    offset: number,
    limit: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number } | undefined>;
  /** Keeps an uploaded piece; resolves with the digest and size after the last. */
  upload(
    uploadId: string,
    offset: number,
    bytes: Uint8Array,
    last: boolean,
  ): Promise<{ readonly size: number; readonly digest?: string }>;
  /** Removes what nothing has named for a day; the number of blobs removed. */
  sweep(): Promise<number>;
}
