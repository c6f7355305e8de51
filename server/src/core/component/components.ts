import { create } from "@bufbuild/protobuf";
import { ComponentOrigin, ComponentState } from "@daphnia/protocol/component";
import { PartSchema } from "@daphnia/protocol/message";
import type { Clock } from "../../base/clock.ts";
import type { Tool } from "../tool/tool.ts";
import {
  type ComponentLife,
  type Condition,
  createComponentLife,
  type LifeLimits,
} from "./component-life.ts";
import { type OfferedComponent, toolsOfComponent } from "./component-tools.ts";
import { manifestText } from "./fit-tools.ts";
import type { ComponentDriver, Endpoint, RemoteAnswer, RemoteCall, RemoteTool } from "./link.ts";

/** What becomes of components, for the record. */
export type ComponentNews =
  | { readonly kind: "found" | "up" | "removed"; readonly component: KnownComponent }
  | { readonly kind: "down"; readonly component: KnownComponent; readonly calls: number };

/** A component that something says is there. */
export interface KnownComponent extends OfferedComponent {
  readonly origin: ComponentOrigin;
  /** Where it is, for people. */
  readonly address: string;
  readonly pid: number;
  readonly version: string;
  readonly protocol: string;
  readonly condition: Condition;
  readonly openCalls: number;
}

export interface ComponentsDeps {
  readonly driver: ComponentDriver;
  readonly clock: Clock;
  readonly limits: () => LifeLimits;
  readonly times: (
    component: string,
    tool: string,
  ) => Pick<RemoteCall, "idleTimeout" | "callTimeout">;
  /** Whether the owner's config says that it is to be trusted. */
  readonly isMarked: (name: string) => boolean;
  /** Whether a person trusted just these tools. */
  readonly isTrusted: (name: string, manifest: string) => boolean;
  /** A hash of a text. */
  readonly digest: (text: string) => string;
  readonly tell: (news: ComponentNews) => void;
}

/** What says where a component is. */
export interface Declaration {
  readonly name: string;
  readonly origin: ComponentOrigin;
  readonly endpoint: Endpoint;
}

/** The components that are known, each with a life of its own. */
export interface Components {
  /** Makes one known; the same again changes nothing. Where several origins tell of one, the strongest is heard. */
  declare(declaration: Declaration): void;
  /** What stands for it cannot be used. It is told, and never tried. */
  refuse(name: string, origin: ComponentOrigin, reason: string): void;
  /** An origin says no more of it: the next one is heard, or it is known no more. Open calls finish. */
  withdraw(name: string, origin: ComponentOrigin): void;
  list(): readonly KnownComponent[];
  get(name: string): KnownComponent | undefined;
  reconnect(name: string): Promise<void>;
  /** The tools of all, by the component's name. */
  tools(): readonly Tool[];
  /** Resolves when each was connected, or could not be, for the first time. */
  settled(): Promise<void>;
  close(reason: string): Promise<void>;
}

/** What one origin says of a component: where it is, or why what stands for it cannot be used. */
type Said = { readonly endpoint: Endpoint } | { readonly refused: string };

/** What is heard of a component. */
interface Entry {
  readonly origin: ComponentOrigin;
  readonly said: Said;
  readonly life: ComponentLife | undefined;
  /** Set where there is none. */
  readonly refused: Condition | undefined;
}

/** Who is heard where several tell of one. */
const strength: Readonly<Record<ComponentOrigin, number>> = {
  [ComponentOrigin.UNSPECIFIED]: 0,
  [ComponentOrigin.PORT_FILE]: 1,
  [ComponentOrigin.REGISTERED]: 2,
  [ComponentOrigin.CONFIG]: 3,
};

export function createComponents(deps: ComponentsDeps): Components {
  const entries = new Map<string, Entry>();
  /** All that is said of a name: who is heard no more makes room for who was not heard. */
  const sayings = new Map<string, Map<ComponentOrigin, Said>>();
  const retired = new Set<ComponentLife>();
  /** Tools are made anew only where something of them changed. */
  const made = new Map<string, { readonly key: string; readonly tools: readonly Tool[] }>();
  const manifests = new WeakMap<readonly RemoteTool[], string>();
  let isClosed = false;

  function manifestOf(tools: readonly RemoteTool[]): string {
    const known = manifests.get(tools);
    if (known !== undefined) return known;
    const manifest = deps.digest(manifestText(tools));
    manifests.set(tools, manifest);
    return manifest;
  }

  function known(name: string, { origin, said, life, refused }: Entry): KnownComponent {
    const link = life?.link();
    const tools = life?.tools() ?? [];
    const manifest = life === undefined ? "" : manifestOf(tools);
    const address = "endpoint" in said ? addressOf(said.endpoint) : "";
    const isMarked = deps.isMarked(name);
    const pid = link?.pid || (life?.endpoint.kind === "http" ? life.endpoint.pid : 0);
    return {
      ...{ name, origin, address, tools, manifest, isMarked },
      isTrusted: isMarked || (manifest !== "" && deps.isTrusted(name, manifest)),
      ...{ pid, version: link?.version ?? "", protocol: link?.protocol ?? "" },
      condition: life?.condition() ?? refused ?? nothing(deps.clock),
      openCalls: life?.openCalls() ?? 0,
      times: (tool) => deps.times(name, tool),
      call: (call) => callOf(name, manifest, call),
    };
  }

  /**
   * A turn may hold a tool for longer than its component is known, or is what it was:
   * what changed since is called only where that is trusted, too.
   */
  async function callOf(name: string, manifest: string, call: RemoteCall): Promise<RemoteAnswer> {
    const life = entries.get(name)?.life;
    if (life !== undefined) {
      return life.call(call, () => {
        const now = manifestOf(life.tools());
        const isFine = now === manifest || deps.isMarked(name) || deps.isTrusted(name, now);
        return isFine ? undefined : changed(name);
      });
    }
    const why = entries.get(name)?.refused?.reason ?? "it is not known any more";
    return { kind: "down", why: `${why}. Nothing was done.` } as const;
  }

  function get(name: string): KnownComponent | undefined {
    const entry = entries.get(name);
    return entry && known(name, entry);
  }

  function list(): readonly KnownComponent[] {
    const all = [...entries].map(([name, entry]) => known(name, entry));
    return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  function drop(name: string): void {
    const life = entries.get(name)?.life;
    entries.delete(name);
    made.delete(name);
    if (life === undefined) return;
    retired.add(life);
    void life.retire().then(() => retired.delete(life));
  }

  function onChange(life: ComponentLife, what: "up" | "down" | "other", calls: number): void {
    const { name } = life;
    if (entries.get(name)?.life !== life || what === "other") return;
    const component = get(name);
    if (component === undefined) return;
    deps.tell(what === "up" ? { kind: "up", component } : { kind: "down", component, calls });
  }

  /** Hears who is strongest now; who is another than before begins anew. */
  function settle(name: string): void {
    const heard = strongest(sayings.get(name));
    const before = entries.get(name);
    if (isClosed || isSame(before, heard)) return;
    const tools = before?.life?.tools() ?? [];
    const gone = before && known(name, before);
    drop(name);
    if (heard === undefined) {
      if (gone !== undefined) deps.tell({ kind: "removed", component: gone });
      return;
    }
    const { said } = heard;
    if ("refused" in said) {
      const { refused: reason } = said;
      const refused = { ...nothing(deps.clock), reason, lastError: reason };
      const entry = { ...heard, life: undefined, refused };
      entries.set(name, entry);
      deps.tell({ kind: "down", component: known(name, entry), calls: 0 });
      return;
    }
    const life = createComponentLife(name, said.endpoint, { ...deps, onChange }, tools);
    const entry = { ...heard, life, refused: undefined };
    entries.set(name, entry);
    deps.tell({ kind: "found", component: known(name, entry) });
  }

  function hear(name: string, origin: ComponentOrigin, said: Said): void {
    const all = sayings.get(name) ?? new Map<ComponentOrigin, Said>();
    sayings.set(name, all.set(origin, said));
    settle(name);
  }

  return {
    declare: ({ name, origin, endpoint }) => hear(name, origin, { endpoint }),
    refuse: (name, origin, reason) => hear(name, origin, { refused: reason }),
    withdraw(name, origin) {
      const all = sayings.get(name);
      all?.delete(origin);
      if (all?.size === 0) sayings.delete(name);
      settle(name);
    },
    list,
    get,
    reconnect: async (name) => entries.get(name)?.life?.reconnect(),
    tools() {
      return list().flatMap((component) => {
        const { name, manifest, isTrusted, isMarked } = component;
        if (manifest === "" || component.tools.length === 0) return [];
        const key = JSON.stringify([manifest, isTrusted, isMarked]);
        const before = made.get(name);
        if (before?.key === key) return before.tools;
        const tools = toolsOfComponent(component);
        made.set(name, { key, tools });
        return tools;
      });
    },
    async settled() {
      await Promise.all([...entries.values()].map(({ life }) => life?.settled));
    },
    async close(reason) {
      isClosed = true;
      const all = [...retired, ...[...entries.values()].flatMap(({ life }) => life ?? [])];
      await Promise.all(all.map((life) => life.close(reason)));
    },
  };
}

type Heard = Pick<Entry, "origin" | "said">;

/** Who is heard of all who say something. */
function strongest(all: ReadonlyMap<ComponentOrigin, Said> = new Map()): Heard | undefined {
  const heard = [...all].map(([origin, said]) => ({ origin, said }));
  return heard.toSorted((a, b) => strength[b.origin] - strength[a.origin])[0];
}

function isSame(a: Heard | undefined, b: Heard | undefined): boolean {
  return a?.origin === b?.origin && JSON.stringify(a?.said) === JSON.stringify(b?.said);
}

function changed(name: string): RemoteAnswer {
  const value = `"${name}" offers other tools than before, and nobody has trusted these yet. Nothing was done.`;
  const parts = [create(PartSchema, { kind: { case: "text", value } })];
  return { kind: "answer", parts, attachments: [], isError: true };
}

function nothing(clock: Clock): Condition {
  return {
    ...{ state: ComponentState.STALE, reason: "", since: clock.now() },
    ...{ upSince: undefined, retryAt: undefined, lastError: "" },
  };
}

/** A URL without what may be secret in it, or the program and its arguments. */
function addressOf(endpoint: Endpoint): string {
  if (endpoint.kind === "stdio") return endpoint.command.join(" ");
  return endpoint.url.replace(/[?#].*$/, "").replace(/\/\/[^/@]*@/, "//");
}
