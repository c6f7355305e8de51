import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Agent, AgentSchema } from "@daphnia/protocol/agent";
import { type RecordChanged, RecordChangedSchema } from "@daphnia/protocol/event";
import type { RecordStore } from "../core/log/record-store.ts";
import type { Asked, DaemonJournal } from "../core/session/daemon-journal.ts";
import type { AgentFile } from "../plugins/config/agent-files.ts";
import { type AgentsInForce, withRevision } from "./agents.ts";

/**
 * The agents that files define, as they were last told. A file that is broken
 * leaves what it last said in force, also over a restart.
 */
export interface AgentRecords {
  names(): readonly string[];
  /** Puts an agent in force, and tells it where it is another than before. */
  put(agent: Agent, asked?: (agent: Agent) => Asked): Promise<AgentChange>;
  /** Takes an agent out of force and tells it. */
  drop(name: string, asked?: Asked): Promise<RecordChanged>;
}

export interface AgentChange {
  readonly agent: Agent;
  /** Undefined where nothing changed. */
  readonly change: RecordChanged | undefined;
}

const kind = "agent";

/** Puts the agents in force that the home's records hold. */
export async function openAgentRecords(deps: {
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly agents: AgentsInForce;
}): Promise<AgentRecords> {
  const { journal, records, agents } = deps;
  const told = new Map<string, { agent: Agent; revision: number }>();
  for (const { id, revision, value } of await records.listRecords(kind)) {
    const agent = fromBinary(AgentSchema, value);
    told.set(id, { agent, revision });
    agents.set(agent);
  }
  return {
    names: () => [...told.keys()],
    async put(definition, asked) {
      const agent = withRevision(definition);
      const { name, origin, revision } = agent;
      const before = told.get(name);
      if (before?.agent.revision === revision) {
        agents.set(agent); // its etag may be another
        return { agent, change: undefined };
      }
      const change = create(RecordChangedSchema, { kind, name, revision, origin });
      const next = (before?.revision ?? 0) + 1;
      const record = { kind, id: name, revision: next, value: toBinary(AgentSchema, agent) };
      await journal.tell({ case: "recordChanged", value: change }, [record], asked?.(agent));
      told.set(name, { agent, revision: next });
      agents.set(agent);
      return { agent, change };
    },
    async drop(name, asked) {
      const before = told.get(name);
      // What is in force afterwards: a built-in agent that the file had replaced.
      const original = agents.remove(name);
      const change = create(RecordChangedSchema, {
        kind,
        name,
        revision: original?.revision ?? "",
        origin: before?.agent.origin ?? "",
      });
      const record = { kind, id: name, revision: (before?.revision ?? 0) + 1 };
      await journal.tell({ case: "recordChanged", value: change }, [record], asked);
      told.delete(name);
      return change;
    },
  };
}

/** Brings the agents in force to what the files say, one by one. */
export async function reconcileAgents(
  files: readonly AgentFile[],
  records: AgentRecords,
): Promise<readonly RecordChanged[]> {
  const changes: RecordChanged[] = [];
  for (const { agent, etag } of files) {
    if (agent === undefined) continue;
    const { change } = await records.put({ ...agent, etag });
    if (change !== undefined) changes.push(change);
  }
  const there = new Set(files.map(({ name }) => name));
  for (const name of records.names().filter((known) => !there.has(known))) {
    changes.push(await records.drop(name));
  }
  return changes;
}
