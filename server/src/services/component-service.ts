import { create } from "@bufbuild/protobuf";
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type Component, ComponentSchema } from "@daphnia/protocol/component";
import { ComponentService } from "@daphnia/protocol/component_service";
import type { Part } from "@daphnia/protocol/message";
import type { ToolCallStatus } from "@daphnia/protocol/tool";
import { invalidField, notFound } from "../base/errors.ts";
import { nearNames } from "../base/near.ts";
import { specsOf } from "../core/component/component-tools.ts";
import type { KnownComponent } from "../core/component/components.ts";
import { formatCursor } from "../core/log/cursor.ts";
import type { Log } from "../core/log/log.ts";
import type { Command } from "../core/session/command.ts";
import type { Asked } from "../core/session/daemon-journal.ts";
import { callerOf } from "./caller.ts";
import type { Once } from "./once.ts";
import { required } from "./read-fields.ts";

/** The parts that offer tools from outside. */
export interface ComponentDoor {
  /** As they are at this moment. */
  list(): Promise<readonly KnownComponent[]>;
  reconnect(name: string): Promise<void>;
  register(name: string, url: string, asked: Asked): Promise<void>;
  remove(name: string, asked: Asked): Promise<void>;
  /** Calls a tool by the component's own name for it. */
  call(
    name: string,
    tool: string,
    parameters: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<{ readonly status: ToolCallStatus; readonly parts: readonly Part[] }>;
  /** Memory of a process in bytes; 0 where that is not known. */
  residentBytes(pid: number): Promise<number>;
  /** Names of agents that are granted one of its tools. */
  agentsOf(component: KnownComponent): readonly string[];
  tailLog(
    name: string,
    options: { readonly lines: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<readonly string[]>;
}

const mostLines = 10_000;

export function componentService(deps: {
  readonly components: ComponentDoor;
  readonly once: Once;
  readonly log: Log;
}): ServiceImpl<typeof ComponentService> {
  const { components, once, log } = deps;
  const { method } = ComponentService;
  const now = () => formatCursor(log.id, log.head());

  async function get(name: string): Promise<KnownComponent> {
    const all = await components.list();
    const found = all.find((one) => one.name === required("name", name));
    const near = () =>
      nearNames(
        name,
        all.map((one) => one.name),
      );
    if (found === undefined) throw notFound("component", name, near());
    return found;
  }

  async function told(known: KnownComponent): Promise<Component> {
    const { name, origin, address, pid, version, protocol, manifest, condition } = known;
    const { state, reason, since, upSince, retryAt, lastError } = condition;
    return create(ComponentSchema, {
      ...{ name, state, reason, origin, address, pid, version, protocol, manifest, lastError },
      tools: [...specsOf(known)],
      trusted: known.isTrusted,
      stateTime: timestampFromDate(since),
      ...(upSince && { upTime: timestampFromDate(upSince) }),
      ...(retryAt !== undefined && { retryTime: timestampFromMs(retryAt) }),
      openCalls: known.openCalls,
      residentBytes: BigInt(pid === 0 ? 0 : await components.residentBytes(pid)),
      agents: [...components.agentsOf(known)],
    });
  }

  return {
    async listComponents() {
      const cursor = now();
      return { components: await Promise.all((await components.list()).map(told)), cursor };
    },
    getComponent: async ({ name }) => ({ component: await told(await get(name)) }),
    async registerComponent(request, { values }) {
      const { answer } = await once(method.registerComponent, request, {
        by: callerOf(values).principal,
        run: async ({ by, keep }: Command<Component>) => {
          const name = readName(request.name);
          const url = readUrl(request.url);
          const promise = create(ComponentSchema, { name, address: url });
          await components.register(name, url, { by, ...(keep && { request: keep(promise) }) });
          return told(await get(name));
        },
        answer: (component) => ({ component }),
      });
      return answer;
    },
    async removeComponent(request, { values }) {
      await once(method.removeComponent, request, {
        by: callerOf(values).principal,
        run: async ({ by, keep }: Command<undefined>) => {
          const { name } = await get(request.name);
          await components.remove(name, { by, ...(keep && { request: keep(undefined) }) });
          return undefined;
        },
        answer: () => ({}),
      });
      return {};
    },
    async reconnectComponent(request) {
      const { name } = await get(request.name);
      await components.reconnect(name);
      return { component: await told(await get(name)) };
    },
    async callTool(request, { signal }) {
      const known = await get(request.component);
      const tool = readTool(request.tool, known);
      const parameters = readArguments(request.arguments);
      const { status, parts } = await components.call(known.name, tool, parameters, signal);
      return { status, parts: [...parts] };
    },
    async *tailComponentLog({ name, lines, follow }, { signal }) {
      if (lines > mostLines) throw invalidField("lines", `must be 1 to ${mostLines}, got ${lines}`);
      const known = await get(name);
      const options = { lines: lines || 100, follow };
      for await (const batch of components.tailLog(known.name, options, signal)) {
        yield { lines: [...batch] };
      }
    },
  };
}

function readName(name: string): string {
  if (/^(?!daemon$)[a-z][a-z0-9-]{0,31}$/.test(name)) return name;
  const rule = "1 to 32 of a-z 0-9 -, starting with a letter, and not daemon";
  throw invalidField("name", `must be ${rule}, got "${name}"`);
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  const isLocal = url?.protocol === "http:" && /^(127\.|localhost$|\[::1\]$)/.test(url.hostname);
  if (isLocal || url?.protocol === "https:") return text;
  throw invalidField("url", `must be http on loopback, or https, got "${text}"`);
}

function readTool(name: string, known: KnownComponent): string {
  const own = known.tools.map((tool) => tool.name);
  if (own.includes(name)) return name;
  const index = specsOf(known).findIndex((spec) => spec.name === name);
  const found = own[index];
  if (found !== undefined) return found;
  throw notFound("tool", required("tool", name), nearNames(name, own));
}

function readArguments(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text || "{}");
    if (isObject(value)) return value;
  } catch {
    // It is no JSON, which is said below.
  }
  throw invalidField("arguments", "must be a JSON object");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
