/** A blob that is ready to be named by an event. */
export interface PreparedBlob {
  readonly digest: string;
  readonly size: number;
  /** Present while the bytes are to be written in the event's own transaction. */
  readonly bytes?: Uint8Array;
}

/** What a call prints, while it prints. One writer, one append at a time. */
export interface BlobOutput {
  /** Takes more; it can be read from then on. A failed one kept nothing and may be tried again. */
  append(bytes: Uint8Array): Promise<void>;
  /** All of it as a blob, after something was appended. May be tried again; nothing more comes. */
  finish(): Promise<PreparedBlob>;
}

/**
 * Bytes by their SHA-256. Proved by testing/blob-store-suite.ts.
 *
 * L1: whoever can read an event can read the blobs that it names, from the moment
 * it is visible: large ones are synced before the event commits, small ones
 * commit with it.
 * L2: a blob that nothing names is removed after a day.
 * L3: an output survives the process, not a power cut, until it is dropped; also
 * when it was finished and its event never came.
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
  /** Begins what a call prints; what an earlier run of the call printed is gone. */
  openOutput(callId: string): BlobOutput;
  /** Part of an output that was not dropped, with its size so far. */
  readOutput(
    callId: string,
    offset: number,
    limit: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number } | undefined>;
  /** Finishes the output that a daemon left when it died; undefined where nothing was printed. */
  leftOutput(callId: string): Promise<PreparedBlob | undefined>;
  /** Forgets an output: its event is visible, or will never come. */
  dropOutput(callId: string): Promise<void>;
  /**
   * Removes what nothing has named for a day, and outputs that no call of this process
   * writes; the number removed.
   */
  sweep(): Promise<number>;
}
