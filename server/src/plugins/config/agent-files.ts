import { createHash, randomBytes } from "node:crypto";
import { open, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Agent } from "@daphnia/protocol/agent";
import { invalidField, messageOf } from "../../base/errors.ts";
import { idRule, isId } from "../../base/ids.ts";
import { type Mistake, tellMistake } from "./mistake.ts";
import { readAgent } from "./read-agent.ts";
import { writeAgent } from "./write-agent.ts";

/** A file of the agents' folder: what it says now, or what is wrong with it. */
export interface AgentFile {
  readonly name: string;
  /** Hash of its text; empty where it cannot be read. */
  readonly etag: string;
  /** Undefined where there is a mistake. */
  readonly agent: Agent | undefined;
  readonly mistakes: readonly Mistake[];
}

/** The agents that people write: `NAME.md`, one for each. */
export interface AgentFiles {
  /** Every file there is, by name. A folder that is not there has none. */
  read(): Promise<readonly AgentFile[]>;
  /** Writes an agent's file, keeping what a person wrote there. Answers it as read again. */
  write(agent: Agent): Promise<AgentFile>;
  remove(name: string): Promise<void>;
}

const ending = ".md";
const mostBytes = 512 * 1024;

/** `shown` is how the folder is named to people: `agents`. */
export function createAgentFiles(folder: string, shown: string): AgentFiles {
  const fileOf = (name: string) => `${shown}/${name}${ending}`;

  async function readOne(name: string): Promise<AgentFile | undefined> {
    const file = fileOf(name);
    const broken = (problem: string, etag = ""): AgentFile => ({
      name,
      etag,
      agent: undefined,
      mistakes: [{ file, line: 0, problem }],
    });
    if (!isId(name)) return broken(`an agent's name is ${idRule}, so is its file's`);
    const path = join(folder, name + ending);
    try {
      const found = await stat(path);
      if (!found.isFile()) return broken("is no file");
      const { size } = found;
      if (size > mostBytes) return broken(`is ${size} bytes, at most ${mostBytes} are read`);
      const bytes = await readFile(path);
      const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
      const text = decode(bytes);
      if (text === undefined) return broken("is not UTF-8", etag);
      const reading = await readAgent(name, text, file);
      if (reading.kind === "agent") return { name, etag, agent: reading.agent, mistakes: [] };
      return { name, etag, agent: undefined, mistakes: reading.mistakes };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      return broken(`cannot be read: ${messageOf(error)}`);
    }
  }

  return {
    async read() {
      const entries = await readdir(folder).catch((error: unknown) => {
        if (isAbsent(error)) return [];
        throw error;
      });
      const names = entries
        .filter((entry) => entry.endsWith(ending) && !entry.startsWith("."))
        .map((entry) => entry.slice(0, -ending.length))
        .sort();
      const files = await Promise.all(names.map(readOne));
      return files.filter((file) => file !== undefined);
    },
    async write(agent) {
      const named = join(folder, agent.name + ending);
      const path = await realpath(named).catch(() => named); // a link stays a link
      const before = await readFile(path, "utf8").catch(() => undefined);
      const text = await writeAgent({ ...agent, origin: fileOf(agent.name) }, before);
      await refuseBroken(agent.name, text, fileOf(agent.name));
      await replaceFile(path, text);
      const file = await readOne(agent.name);
      if (file === undefined) throw new Error(`${fileOf(agent.name)} is gone right after writing`);
      return file;
    },
    remove: (name) => rm(join(folder, name + ending), { force: true }),
  };
}

/** What could not be read again is not written. */
async function refuseBroken(name: string, text: string, file: string): Promise<void> {
  const size = Buffer.byteLength(text);
  if (size > mostBytes) {
    throw invalidField("agent", `must fit into ${mostBytes} bytes as a file, got ${size}`);
  }
  const reading = await readAgent(name, text, file);
  if (reading.kind === "mistakes") throw invalidField("agent", tellMistake(reading.mistakes[0]));
}

/** Whoever reads meanwhile sees the old text or the new one, also after a power cut. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined; // it throws for nothing else
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
