import { create } from "@bufbuild/protobuf";
import { type ConfigRejected, ConfigRejectedSchema } from "@daphnia/protocol/event";
import type { RecordStore } from "../core/log/record-store.ts";
import type { DaemonJournal } from "../core/session/daemon-journal.ts";
import { type Mistake, tellMistake } from "../plugins/config/mistake.ts";
import type { DaemonLog } from "./log.ts";

/** Files that cannot be used now. Each is told once, until it is another mistake. */
export interface Rejections {
  /** What is wrong with a file now; with no mistakes it is well again. */
  set(file: string, mistakes: readonly Mistake[]): Promise<void>;
  list(): readonly ConfigRejected[];
  /** The files in a list, `agents/x.md`, that are rejected now. */
  files(): readonly string[];
}

const kind = "rejection";
/** Characters of a problem that are told: what a file says may be long. */
const longestProblem = 1000;

/** Also a restart does not repeat what was told before it. */
export async function openRejections(deps: {
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly log: DaemonLog;
}): Promise<Rejections> {
  const { journal, records, log } = deps;
  const now = new Map<string, ConfigRejected>();
  const told = new Map<string, { text: string; revision: number }>();
  for (const { id, revision, value } of await records.listRecords(kind)) {
    told.set(id, { text: new TextDecoder().decode(value), revision });
  }
  return {
    async set(file, mistakes) {
      const [first] = mistakes;
      if (first === undefined) {
        if (now.delete(file)) told.delete(file);
        return;
      }
      const { line } = first;
      const problem = first.problem.slice(0, longestProblem);
      const value = create(ConfigRejectedSchema, { file: first.file, line, problem });
      now.set(file, value);
      const text = tellMistake(value);
      const before = told.get(file);
      if (before?.text === text) return;
      for (const mistake of mistakes) {
        log.warn({ file: mistake.file, line: mistake.line }, tellMistake(mistake));
      }
      const revision = (before?.revision ?? 0) + 1;
      const record = { kind, id: file, revision, value: new TextEncoder().encode(text) };
      await journal.tell({ case: "configRejected", value }, [record]);
      told.set(file, { text, revision });
    },
    list: () => [...now.values()],
    files: () => [...now.keys()],
  };
}
