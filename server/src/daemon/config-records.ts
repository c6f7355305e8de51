import { createHmac } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { type RecordChanged, RecordChangedSchema } from "@daphnia/protocol/event";
import type { RecordStore } from "../core/log/record-store.ts";
import type { DaemonJournal } from "../core/session/daemon-journal.ts";
import { nameKey } from "../plugins/config/config-key.ts";
import type { Statement } from "../plugins/config/read-config.ts";
import { configFile } from "./config-state.ts";

const kind = "config";

/** The keys that the config file states, as they were last told. */
export interface ConfigRecords {
  /** Tells each key that is new, another or gone. */
  reconcile(statements: readonly Statement[]): Promise<readonly RecordChanged[]>;
}

/**
 * Revisions are hashes under `secret`, so that nobody can guess a short key or
 * password from what the log tells.
 */
export async function openConfigRecords(deps: {
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly secret: string;
}): Promise<ConfigRecords> {
  const { journal, records, secret } = deps;
  const told = new Map<string, { hash: string; revision: number }>();
  for (const { id, revision, value } of await records.listRecords(kind)) {
    told.set(id, { hash: new TextDecoder().decode(value), revision });
  }

  /** An empty hash: the key is gone. */
  async function tell(name: string, hash: string): Promise<RecordChanged> {
    const next = (told.get(name)?.revision ?? 0) + 1;
    const value = create(RecordChangedSchema, { kind, name, revision: hash, origin: configFile });
    const bytes = hash === "" ? undefined : new TextEncoder().encode(hash);
    const record = { kind, id: name, revision: next, ...(bytes && { value: bytes }) };
    await journal.tell({ case: "recordChanged", value }, [record]);
    if (hash === "") told.delete(name);
    else told.set(name, { hash, revision: next });
    return value;
  }

  return {
    async reconcile(statements) {
      const changes: RecordChanged[] = [];
      const stated = new Map(
        statements.map(({ path, json }) => {
          const hash = createHmac("sha256", secret).update(JSON.stringify(json)).digest("hex");
          return [nameKey(path), hash.slice(0, 16)];
        }),
      );
      for (const [name, hash] of stated) {
        if (told.get(name)?.hash !== hash) changes.push(await tell(name, hash));
      }
      for (const name of [...told.keys()].filter((known) => !stated.has(known))) {
        changes.push(await tell(name, ""));
      }
      return changes;
    },
  };
}
