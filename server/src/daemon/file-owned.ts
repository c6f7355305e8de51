import { mkdir } from "node:fs/promises";
import type { Agent } from "@daphnia/protocol/agent";
import type { ConfigRejected, RecordChanged } from "@daphnia/protocol/event";
import { DaemonError, notFound, wrongState } from "../base/errors.ts";
import { nearNames } from "../base/near.ts";
import type { RecordStore } from "../core/log/record-store.ts";
import type { Command } from "../core/session/command.ts";
import type { Asked, DaemonJournal } from "../core/session/daemon-journal.ts";
import { createAgentFiles } from "../plugins/config/agent-files.ts";
import { tellMistake } from "../plugins/config/mistake.ts";
import type { AgentWriter } from "../services/agent-service.ts";
import { type AgentRecords, openAgentRecords, reconcileAgents } from "./agent-records.ts";
import type { AgentsInForce } from "./agents.ts";
import { openConfigRecords } from "./config-records.ts";
import { type ConfigState, configFile, logLevelOf } from "./config-state.ts";
import type { Home } from "./home.ts";
import type { LogFile } from "./log.ts";
import { openRejections } from "./rejections.ts";

/** What the files of a home say: agents and config, read again whenever they change. */
export interface FileOwned extends AgentWriter {
  /** Reads every file, and tells what changed. One reading runs at a time. */
  reload(): Promise<Reloaded>;
  /** Files that cannot be used now. */
  rejected(): readonly ConfigRejected[];
}

export interface Reloaded {
  readonly changed: readonly RecordChanged[];
  readonly rejected: readonly ConfigRejected[];
  readonly needsRestart: readonly string[];
}

const agentsFolder = "agents";

/** Reads every file once before it answers. */
export async function openFileOwned(deps: {
  readonly home: Home;
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly agents: AgentsInForce;
  readonly config: ConfigState;
  readonly log: LogFile;
  /** Hides what the log tells of the config's values. */
  readonly secret: string;
  /** What the config says may be another than before. */
  readonly onConfig: () => void;
}): Promise<FileOwned> {
  const { home, agents, config, log } = deps;
  await mkdir(home.agents, { recursive: true, mode: 0o700 });
  const files = createAgentFiles(home.agents, agentsFolder);
  const rejections = await openRejections(deps);
  const agentRecords = await openAgentRecords(deps);
  const configRecords = await openConfigRecords(deps);
  let last: Promise<unknown> = Promise.resolve();

  function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => {}); // the caller has the error; the next one is tried
    return result;
  }

  async function readAgents(): Promise<readonly RecordChanged[]> {
    const found = await files.read();
    const changed = await reconcileAgents(found, agentRecords);
    const there = new Map(found.map((file) => [fileOf(file.name), file.mistakes]));
    const known = rejections.files().filter((file) => file.startsWith(`${agentsFolder}/`));
    for (const file of new Set([...there.keys(), ...known])) {
      await rejections.set(file, there.get(file) ?? []);
    }
    return changed;
  }

  async function readConfig(): Promise<readonly RecordChanged[]> {
    const reading = await config.read();
    await rejections.set(configFile, reading.mistakes);
    if (reading.mistakes.length > 0) return [];
    const changed = await configRecords.reconcile(reading.statements);
    config.apply(reading);
    log.setLevel(logLevelOf(config.config()));
    deps.onConfig();
    return changed;
  }

  async function readAll(): Promise<Reloaded> {
    const changed = [...(await readConfig()), ...(await readAgents())];
    const needsRestart = config.needsRestart();
    for (const { kind, name, revision } of changed) {
      const waits = kind === "config" && needsRestart.includes(name);
      const text = waits ? "changed; it counts from the next start on" : "changed";
      log.info({ kind, name, revision }, `${kind} ${name} ${text}`);
    }
    return { changed, rejected: rejections.list(), needsRestart };
  }

  await readAll();
  return {
    reload: () => oneAtATime(readAll),
    rejected: () => rejections.list(),
    put: (agent, command) =>
      oneAtATime(async () => {
        await readAgents();
        checkEtag(agents.get(agent.name), agent.etag);
        const written = await files.write(agent);
        if (written.agent === undefined) throw new Error(`${written.name} was not written whole`);
        await rejections.set(fileOf(agent.name), []);
        const asked = (made: Agent) => askedBy(command, made);
        return (await agentRecords.put({ ...written.agent, etag: written.etag }, asked)).agent;
      }),
    delete: (name, etag, command) =>
      oneAtATime(async () => {
        await readAgents();
        checkDeletable(name, etag, agents, agentRecords);
        await files.remove(name);
        await rejections.set(fileOf(name), []);
        await agentRecords.drop(name, askedBy(command, undefined));
      }),
    problemOf(name) {
      const found = rejections.list().find(({ file }) => file === fileOf(name));
      return found && tellMistake(found);
    },
  };
}

function fileOf(name: string): string {
  return `${agentsFolder}/${name}.md`;
}

function askedBy<R>({ by, keep }: Command<R>, result: R): Asked {
  return { by, ...(keep && { request: keep(result) }) };
}

function checkDeletable(
  name: string,
  etag: string,
  agents: AgentsInForce,
  records: AgentRecords,
): void {
  const agent = agents.get(name);
  if (agent === undefined) throw notFound("agent", name, nearNames(name, agents.names()));
  if (!records.names().includes(name)) {
    throw wrongState(`agent "${name}" is built in: there is no file to remove`, { agent: name });
  }
  checkEtag(agent, etag);
}

function checkEtag(agent: Agent | undefined, etag: string): void {
  if (etag === "" || agent?.etag === etag) return;
  const now = agent === undefined ? "it is gone" : `its etag is "${agent.etag}"`;
  throw new DaemonError("aborted", `the agent's file changed: ${now}`, {
    reason: "ETAG_MISMATCH",
    metadata: { etag: agent?.etag ?? "" },
  });
}
