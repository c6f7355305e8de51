import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { ComponentOrigin } from "@daphnia/protocol/component";
import { RecordChangedSchema } from "@daphnia/protocol/event";
import { PartSchema } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { createBells } from "../base/bells.ts";
import type { Clock } from "../base/clock.ts";
import { wrongState } from "../base/errors.ts";
import type { Redactor } from "../base/redact.ts";
import { specsOf } from "../core/component/component-tools.ts";
import type { RecordStore } from "../core/log/record-store.ts";
import type { DaemonJournal } from "../core/session/daemon-journal.ts";
import type { Agents } from "../core/session/session-deps.ts";
import { redactParts } from "../core/tool/redact-parts.ts";
import type { ComponentDoor } from "../services/component-service.ts";
import { isGranted } from "./agents.ts";
import type { DaemonComponents } from "./components.ts";
import type { Home } from "./home.ts";
import { tailLog } from "./log-tail.ts";

const kind = "component";
const { CONFIG, PORT_FILE, REGISTERED } = ComponentOrigin;
/** Milliseconds between two looks at a log that somebody else writes. */
const look = 500;

/** What clients may do with components. Makes those known that were registered. */
export async function openComponentDoor(deps: {
  readonly components: DaemonComponents;
  readonly journal: DaemonJournal;
  readonly records: RecordStore;
  readonly agents: Agents;
  readonly clock: Clock;
  readonly redactor: () => Redactor;
  readonly home: Home;
}): Promise<ComponentDoor> {
  const { components, journal, records, agents, redactor } = deps;
  const registered = new Map<string, number>();
  for (const { id, revision, value } of await records.listRecords(kind)) {
    registered.set(id, revision);
    declare(id, new TextDecoder().decode(value));
  }

  function declare(name: string, url: string): void {
    const endpoint = { kind: "http", url, headers: {}, pid: 0 } as const;
    components.declare({ name, origin: REGISTERED, endpoint });
  }

  return {
    async list() {
      await components.look();
      return components.list();
    },
    reconnect: components.reconnect,
    async register(name, url, asked) {
      if (components.get(name)?.origin === CONFIG) throw inConfig(name);
      const revision = (registered.get(name) ?? 0) + 1;
      const change = create(RecordChangedSchema, { kind, name, revision: String(revision) });
      const record = { kind, id: name, revision, value: new TextEncoder().encode(url) };
      await journal.tell({ case: "recordChanged", value: change }, [record], asked);
      registered.set(name, revision);
      declare(name, url);
    },
    async remove(name, asked) {
      const { origin, pid, condition } = components.get(name) ?? {};
      if (origin === CONFIG) throw inConfig(name);
      if (origin === PORT_FILE) {
        if (condition?.upSince !== undefined) {
          throw wrongState(`component "${name}" runs (pid ${pid}): stop it, and it is removed`);
        }
        await rm(join(dirname(deps.home.socket), `${name}.port`), { force: true });
        await components.look();
        return;
      }
      const revision = (registered.get(name) ?? 0) + 1;
      const change = create(RecordChangedSchema, { kind, name, revision: "" });
      await journal.tell(
        { case: "recordChanged", value: change },
        [{ kind, id: name, revision }],
        asked,
      );
      registered.delete(name);
      components.withdraw(name, REGISTERED);
    },
    async call(name, tool, parameters, signal) {
      const known = components.get(name);
      if (known === undefined) throw wrongState(`component "${name}" is not known any more`);
      const answer = await known.call({
        ...{ tool, arguments: parameters, signal, roots: [] },
        ...known.times(tool),
        progress() {},
        ask: async () => undefined,
        sample: async () => undefined,
      });
      if (answer.kind !== "answer") {
        const isDown = answer.kind === "down";
        const status = isDown ? ToolCallStatus.COMPONENT_DOWN : ToolCallStatus.TIMEOUT;
        return { status, parts: [textPart(redactor().text(answer.why))] };
      }
      const status = answer.isError ? ToolCallStatus.TOOL_ERROR : ToolCallStatus.OK;
      const sizes = answer.attachments.map(({ mediaType, bytes }) =>
        textPart(`[${mediaType}, ${bytes.length} bytes]`),
      );
      return { status, parts: [...redactParts(answer.parts, redactor()), ...sizes] };
    },
    residentBytes: residentBytesOf,
    agentsOf: (component) =>
      agents.names().filter((name) => {
        const agent = agents.get(name);
        return agent !== undefined && specsOf(component).some((spec) => isGranted(agent, spec));
      }),
    async *tailLog(name, options, signal) {
      const bells = createBells(deps.clock);
      const path = components.logOf(name);
      for await (const lines of tailLog(path, { ...options, bells, every: look }, signal)) {
        yield lines.map((line) => redactor().text(line));
      }
    },
  };
}

/** As the system counts it: pages of memory that are not shared out twice. */
async function residentBytesOf(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it is gone, or this system does not tell
  }
}

function inConfig(name: string) {
  return wrongState(`component "${name}" is named by daphnia.toml: change it there`);
}

function textPart(value: string) {
  return create(PartSchema, { kind: { case: "text", value } });
}
