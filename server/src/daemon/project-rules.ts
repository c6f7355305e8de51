import { createHash } from "node:crypto";
import { constants, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { RecordChangedSchema } from "@daphnia/protocol/event";
import { type Rule, RuleAction } from "@daphnia/protocol/permission";
import { DaemonError, messageOf, notFound } from "../base/errors.ts";
import type { RecordStore } from "../core/log/record-store.ts";
import type { Layer } from "../core/permission/rule-set.ts";
import type { Asked, DaemonJournal } from "../core/session/daemon-journal.ts";
import type { Project, Projects } from "../services/approval-service.ts";
import type { DaemonLog } from "./log.ts";
import { readRuleFile } from "./rule-file.ts";

/** The rules that folders bring along. */
export interface ProjectRules extends Projects {
  /** What the files of these folders state, as they are now. The same list while nothing changes. */
  layers(roots: readonly string[]): readonly Layer[];
}

/** Where a folder states its rules. Tools never write there. */
const ruleFile = join(".daphnia", "rules.toml");
const kind = "trust";
/** Bytes of the largest file that is read. */
const largest = 64 * 1024;
/** Sets of roots whose rules are kept at hand. */
const mostRemembered = 1000;

interface Known {
  /** When it was changed, how large it is and which file it is. */
  readonly stamp: string;
  readonly project: Omit<Project, "trusted">;
}

export async function openProjectRules(deps: {
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly daemonLog: DaemonLog;
}): Promise<ProjectRules> {
  const { journal, records, daemonLog } = deps;
  const known = new Map<string, Known>();
  /** The content that is trusted, by its folder. */
  const trusted = new Map<string, { readonly hash: string; readonly revision: number }>();
  for (const { id, revision, value } of await records.listRecords(kind)) {
    trusted.set(id, { hash: new TextDecoder().decode(value), revision });
  }
  const told = new Map<string, { readonly parts: readonly unknown[]; readonly layers: Layer[] }>();

  /** Reads the file where it is another than before, and says once what is ignored. */
  function look(folder: string): Known["project"] {
    const found = findFile(join(folder, ruleFile));
    const before = known.get(folder);
    if (before?.stamp === found.stamp) return before.project;
    const project = found.read();
    known.set(folder, { stamp: found.stamp, project });
    warn(folder, project);
    return project;
  }

  function warn(folder: string, project: Known["project"]): void {
    const { problem, rules } = project;
    if (problem !== "") {
      daemonLog.warn({ folder, problem }, "the rules of a project cannot be used");
    } else if (!isTrusted(folder, project) && rules.some(isLoosening)) {
      const told = "a project's rules that allow are ignored; see `daphnia permissions trust`";
      daemonLog.warn({ folder }, told);
    }
  }

  const isTrusted = (folder: string, { contentHash }: Known["project"]) =>
    contentHash !== "" && trusted.get(folder)?.hash === contentHash;

  function layers(roots: readonly string[]): readonly Layer[] {
    const projects = roots.map((root) => [root, look(root)] as const);
    const parts = projects.flatMap(([root, project]) => [project, isTrusted(root, project)]);
    const key = roots.join("\0");
    const before = told.get(key);
    if (before?.parts.every((part, i) => part === parts[i])) return before.layers;
    const found = projects.flatMap(([root, project]): Layer[] => {
      if (project.rules.length === 0) return [];
      return [{ origin: "project", rules: project.rules, tightens: !isTrusted(root, project) }];
    });
    if (told.size >= mostRemembered) told.clear();
    told.set(key, { parts, layers: found });
    return found;
  }

  async function set(folder: string, hash: string, asked: Asked): Promise<void> {
    const revision = (trusted.get(folder)?.revision ?? 0) + 1;
    const value = create(RecordChangedSchema, { kind, name: folder, revision: hash });
    const bytes = hash === "" ? undefined : new TextEncoder().encode(hash);
    const record = { kind, id: folder, revision, ...(bytes && { value: bytes }) };
    await journal.tell({ case: "recordChanged", value }, [record], asked);
    if (hash === "") trusted.delete(folder);
    else trusted.set(folder, { hash, revision });
  }

  return {
    layers,
    get(folder) {
      const project = look(folder);
      return { ...project, trusted: isTrusted(folder, project) };
    },
    async trust(folder, contentHash, asked) {
      if (contentHash === "") {
        if (!trusted.has(folder)) throw notFound("trusted project", folder, [...trusted.keys()]);
        return set(folder, "", asked);
      }
      const now = look(folder).contentHash;
      if (now !== contentHash) throw otherContent(folder, now);
      await set(folder, contentHash, asked);
    },
  };
}

/** Whether a rule may let something through that would be stopped without it. */
function isLoosening({ action }: Rule): boolean {
  return action === RuleAction.ALLOW;
}

function otherContent(folder: string, now: string): DaemonError {
  const what = now === "" ? `has no ${ruleFile}` : "changed since it was read; look at it again";
  return new DaemonError("aborted", `${folder} ${what}`, {
    reason: "ETAG_MISMATCH",
    metadata: { etag: now },
  });
}

/** A file that is a link, or known by other names too, is never opened. */
function findFile(path: string): { stamp: string; read: () => Known["project"] } {
  const nothing = { contentHash: "", rules: [], problem: "" };
  const refused = (problem: string) => ({ stamp: problem, read: () => ({ ...nothing, problem }) });
  try {
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.nlink > 1) return refused(`${ruleFile} is no plain file`);
    if (stats.size > largest) return refused(`${ruleFile} is larger than ${largest} bytes`);
    const stamp = `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
    return { stamp, read: () => parse(readFileSync(path, { flag: readFlags })) };
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && missing.includes(error.code);
    return isMissing ? { stamp: "none", read: () => nothing } : refused(messageOf(error));
  }
}

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const missing: readonly unknown[] = ["ENOENT", "ENOTDIR"];

function parse(bytes: Buffer): Known["project"] {
  const contentHash = createHash("sha256").update(bytes).digest("hex");
  try {
    return { contentHash, rules: readRuleFile(bytes.toString("utf8")), problem: "" };
  } catch (error) {
    return { contentHash, rules: [], problem: messageOf(error) };
  }
}
