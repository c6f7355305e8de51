import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { ComponentOrigin } from "@daphnia/protocol/component";
import type { ComponentConfig, Config } from "@daphnia/protocol/config";
import type { Clock } from "../base/clock.ts";
import {
  type ComponentNews,
  type Components,
  createComponents,
} from "../core/component/components.ts";
import type { ComponentDriver, Endpoint } from "../core/component/link.ts";
import type { DaemonJournal } from "../core/session/daemon-journal.ts";
import { isFull } from "../core/session/when-possible.ts";
import { watchPortFiles } from "../plugins/port-files/watch-port-files.ts";
import { newsEvent } from "./component-news.ts";
import { createComponentProcesses } from "./component-processes.ts";
import type { ComponentTrust } from "./component-trust.ts";
import { endOrphans } from "./end-orphans.ts";
import type { Home } from "./home.ts";
import type { DaemonLimits } from "./limits.ts";
import { type DaemonLog, type LogLines, openLogLines } from "./log.ts";
import { version } from "./version.ts";

export interface DaemonComponents extends Components {
  /** Does what the config says now. */
  reconcile(): void;
  /** Looks at the port files anew. */
  look(): Promise<void>;
  /** What components of port files are known by, each by a name of its own. */
  tokens(): Readonly<Record<string, string>>;
  /** Where a component's log is. */
  logOf(name: string): string;
}

export interface DaemonComponentsDeps {
  readonly home: Home;
  readonly clock: Clock;
  readonly config: () => Config;
  readonly limits: () => DaemonLimits;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly trust: ComponentTrust;
  readonly journal: DaemonJournal;
  readonly log: DaemonLog;
  /** Takes secrets out of a line. */
  readonly clean: (line: string) => string;
  readonly onBug: (error: unknown) => void;
}

const { CONFIG, PORT_FILE } = ComponentOrigin;

/** Variables that every program needs to be found and to find its way. */
const inherited = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "TZ"];

/** Finds components by port files and config, and keeps their record. */
export async function openComponents(deps: DaemonComponentsDeps): Promise<DaemonComponents> {
  const { home, clock, config, limits, trust, log, onBug } = deps;
  const logOf = (name: string) => join(dirname(home.log), `${name}.log`);
  const settings = (name: string): ComponentConfig | undefined => config().components[name];
  const tokens = new Map<string, string>();
  let told: Promise<void> = Promise.resolve();

  /** In order, and without making anybody wait. A full disk keeps no component from working. */
  function tell(news: ComponentNews): void {
    const { name, condition } = news.component;
    if (news.kind === "down")
      log.warn({ component: name, reason: condition.reason }, "a component is down");
    else log.info({ component: name }, `a component is ${news.kind}`);
    if (news.kind === "up" && condition.reason !== "") {
      log.warn({ component: name, reason: condition.reason }, "tools of a component are not used");
    }
    told = told
      .then(() => deps.journal.tell(newsEvent(news)))
      .catch((error: unknown) => {
        if (isFull(error)) log.warn({ component: name }, "no space is left to tell of a component");
        else onBug(error);
      });
    // What fell may have left its port file behind.
    if (news.kind === "down" && news.component.origin === PORT_FILE) void files.look().catch(onBug);
  }

  const components = createComponents({
    ...{ clock, tell, driver: await lazyDriver(deps, logOf) },
    limits: () => {
      const { componentPing, componentRetryPause, componentIdleStop } = limits();
      return { ping: componentPing, retryPause: componentRetryPause, idleStop: componentIdleStop };
    },
    times(name, tool) {
      const own = settings(name);
      const callTimeout = own?.tools[tool]?.timeout ?? own?.callTimeout;
      return {
        idleTimeout: orElse(own?.idleTimeout, limits().componentIdleTimeout),
        callTimeout: orElse(callTimeout, limits().componentCallTimeout),
      };
    },
    isMarked: (name) => settings(name)?.trust ?? false,
    isTrusted: trust.isTrusted,
    digest: (text) => createHash("sha256").update(text).digest("hex"),
  });

  const files = watchPortFiles(
    dirname(home.socket),
    (name, reading) => {
      tokens.delete(name);
      if (reading === undefined) components.withdraw(name, PORT_FILE);
      else if ("problem" in reading) components.refuse(name, PORT_FILE, reading.problem);
      else {
        const { file, warning } = reading;
        if (warning !== "") log.warn({ component: name }, warning);
        if (file.token !== "") tokens.set(name, file.token);
        const headers = file.token === "" ? {} : { authorization: `Bearer ${file.token}` };
        const url = `http://127.0.0.1:${file.port}/mcp`;
        const endpoint = { kind: "http", url, headers, pid: file.pid, serverName: name } as const;
        components.declare({ name, origin: PORT_FILE, endpoint });
      }
    },
    (error) => log.error({ err: error }, "port files are not watched"),
  );

  function reconcile(): void {
    const stated = config().components;
    for (const { name, origin } of components.list()) {
      const isStated = endpointOf(name, stated[name], deps) !== undefined;
      if (origin === CONFIG && !isStated) components.withdraw(name, CONFIG);
    }
    for (const [name, one] of Object.entries(stated)) {
      const endpoint = endpointOf(name, one, deps);
      if (endpoint !== undefined) components.declare({ name, origin: CONFIG, endpoint });
    }
  }

  reconcile();
  await files.look();
  return {
    ...components,
    ...{ reconcile, look: files.look, logOf },
    tokens: () =>
      Object.fromEntries([...tokens].map(([name, token]) => [`components.${name}.token`, token])),
    async close(reason) {
      files.close();
      await components.close(reason);
      await told;
    },
  };
}

/** Loads what speaks MCP with the first component there is. */
async function lazyDriver(
  { home, log, clean, onBug }: DaemonComponentsDeps,
  logOf: (name: string) => string,
): Promise<ComponentDriver> {
  const processes = createComponentProcesses(dirname(home.socket));
  const left = processes.left();
  if (left.length > 0) {
    log.warn({ left: left.length }, "components of a daemon that died are ended");
    await endOrphans(left);
  }
  const logs = new Map<string, LogLines>();
  const logTo = (name: string): LogLines => {
    const open = logs.get(name) ?? openLogLines(logOf(name));
    logs.set(name, open);
    return open;
  };
  let driver: ComponentDriver | undefined;
  return {
    async connect(...given) {
      const { createMcpDriver } = await import("../plugins/mcp/mcp-driver.ts");
      const { startTimeOf } = await import("../plugins/bash/process-identity.ts");
      driver ??= createMcpDriver({
        version,
        async onProcess(name, pid) {
          const startTime = await startTimeOf(pid);
          if (startTime !== undefined) processes.started(name, { pid, startTime });
        },
        onExit(name, pid) {
          try {
            processes.ended(name, pid);
          } catch (error) {
            onBug(error);
          }
        },
        onLog: (name, line) => logTo(name).write(`${clean(line)}\n`),
      });
      return driver.connect(...given);
    },
  };
}

/** Where the config says that a component is; undefined where it only says something about one. */
function endpointOf(
  name: string,
  stated: ComponentConfig | undefined,
  { home, environment }: Pick<DaemonComponentsDeps, "home" | "environment">,
): Endpoint | undefined {
  if (stated === undefined) return undefined;
  const { command, url, headers, env, cwd } = stated;
  const [program, ...rest] = command;
  if (program !== undefined) {
    const usual = inherited.flatMap((key) => {
      const value = environment[key];
      return value === undefined ? [] : [[key, value] as const];
    });
    return {
      ...{ kind: "stdio", command: [program, ...rest], cwd: cwd || home.path },
      env: { ...Object.fromEntries(usual), ...env, DAPHNIA_COMPONENT: name },
    };
  }
  return url === "" ? undefined : { kind: "http", url, headers, pid: 0 };
}

function orElse(stated: Duration | undefined, otherwise: number): number {
  return stated === undefined ? otherwise : durationMs(stated);
}
