import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RecordChangedSchema } from "@daphnia/protocol/event";
import { type Rule, RuleSchema } from "@daphnia/protocol/permission";
import { notFound } from "../base/errors.ts";
import type { MintId } from "../base/ids.ts";
import { nearNames } from "../base/near.ts";
import type { RecordStore } from "../core/log/record-store.ts";
import type { DaemonJournal } from "../core/session/daemon-journal.ts";
import type { RuleKeeper } from "../core/session/session-deps.ts";
import type { KeptRules as Revocable } from "../services/approval-service.ts";

/** Rules that people allowed for always, in the order in which they did. */
export interface KeptRules extends RuleKeeper, Revocable {
  /** Named `always:` and an id. */
  rules(): readonly Rule[];
}

const kind = "rule";

export async function openKeptRules(deps: {
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly mint: MintId;
  readonly onBug: (error: unknown) => void;
}): Promise<KeptRules> {
  const { journal, records, mint, onBug } = deps;
  const stored = await records.listRecords(kind);
  let kept: readonly Rule[] = stored
    .map(({ value }) => fromBinary(RuleSchema, value))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1)); // ids sort by time

  const change = (name: string, revision: string) =>
    create(RecordChangedSchema, { kind, name, revision });

  return {
    rules: () => kept,
    keep(rules, approvalId) {
      const named = rules.map((rule) => ({
        ...rule,
        name: mint("always").replace("-", ":"),
        why: `was allowed for always (${approvalId})`,
      }));
      return {
        records: named.map((rule) => ({
          ...{ kind, id: rule.name, revision: 1 },
          value: toBinary(RuleSchema, rule),
        })),
        tell(by) {
          kept = [...kept, ...named];
          for (const { name } of named) {
            journal
              .tell({ case: "recordChanged", value: change(name, "1") }, [], { by })
              .catch(onBug);
          }
        },
      };
    },
    async revoke(name, asked) {
      if (!kept.some((rule) => rule.name === name)) {
        const names = kept.map((rule) => rule.name);
        throw notFound("rule", name, nearNames(name, names));
      }
      const gone = { kind, id: name, revision: 2 };
      await journal.tell({ case: "recordChanged", value: change(name, "") }, [gone], asked);
      kept = kept.filter((rule) => rule.name !== name);
    },
  };
}
