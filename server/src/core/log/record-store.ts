/** A current value and how often it changed. */
export interface StoredRecord {
  readonly id: string;
  readonly revision: number;
  readonly value: Uint8Array;
}

/**
 * Current values by kind and id; they change only together with the event that
 * says so, by `Append.records`. Proved by testing/record-store-suite.ts.
 */
export interface RecordStore {
  readRecord(kind: string, id: string): Promise<StoredRecord | undefined>;
  /** All records of a kind, by id. */
  listRecords(kind: string): Promise<readonly StoredRecord[]>;
}
