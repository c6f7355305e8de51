import { create } from "@bufbuild/protobuf";
import type { TrustSubject } from "@daphnia/protocol/approval";
import { RecordChangedSchema } from "@daphnia/protocol/event";
import type { RecordStore } from "../core/log/record-store.ts";
import type { DaemonJournal } from "../core/session/daemon-journal.ts";
import type { RuleKeeper } from "../core/session/session-deps.ts";

/** Components that people trust, by the hash of their tools. */
export interface ComponentTrust {
  isTrusted(name: string, manifest: string): boolean;
  keep(subject: TrustSubject): ReturnType<RuleKeeper["keep"]>;
}

const kind = "component_trust";

export async function openComponentTrust(deps: {
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly onBug: (error: unknown) => void;
}): Promise<ComponentTrust> {
  const { journal, records, onBug } = deps;
  const trusted = new Map<string, { readonly manifest: string; readonly revision: number }>();
  for (const { id, revision, value } of await records.listRecords(kind)) {
    trusted.set(id, { manifest: new TextDecoder().decode(value), revision });
  }
  return {
    isTrusted: (name, manifest) => trusted.get(name)?.manifest === manifest,
    keep({ component, manifest }) {
      const revision = (trusted.get(component)?.revision ?? 0) + 1;
      const value = new TextEncoder().encode(manifest);
      return {
        records: [{ kind, id: component, revision, value }],
        tell(by) {
          trusted.set(component, { manifest, revision });
          const change = { kind: "trust", name: component, revision: manifest };
          const told = create(RecordChangedSchema, change);
          journal.tell({ case: "recordChanged", value: told }, [], { by }).catch(onBug);
        },
      };
    },
  };
}

/** Keeps rules, and trust in a component. */
export function withTrust(kept: RuleKeeper, trust: ComponentTrust): RuleKeeper {
  return {
    keep(rules, approvalId, subject) {
      const both = [kept.keep(rules, approvalId), ...(subject ? [trust.keep(subject)] : [])];
      return {
        records: both.flatMap(({ records }) => records),
        tell(by) {
          for (const one of both) one.tell(by);
        },
      };
    },
  };
}
