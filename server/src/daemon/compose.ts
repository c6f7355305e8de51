import { realpathSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { DaemonStartedSchema, DaemonStoppingSchema } from "@daphnia/protocol/event";
import { createLog } from "../core/log/log.ts";
import { sessionHead } from "../core/projection/session-head.ts";
import { openDaemonJournal } from "../core/session/daemon-journal.ts";
import { createSessionManager } from "../core/session/session-manager.ts";
import { createTurnSlots } from "../core/session/turn-slots.ts";
import { isFull, whenPossible } from "../core/session/when-possible.ts";
import { createToolRedactor } from "../core/tool/redact-tool.ts";
import type { Tool } from "../core/tool/tool.ts";
import { createArgumentReader } from "../plugins/arguments/argument-reader.ts";
import { watchFiles } from "../plugins/config/watch-files.ts";
import { resolveFolder } from "../plugins/files/resolve-folder.ts";
import { createFileRestorer } from "../plugins/files/restore-file.ts";
import { openSqliteStore } from "../plugins/sqlite/open-store.ts";
import { createOnce } from "../services/once.ts";
import { healthBell, routes } from "../services/routes.ts";
import { createAgents, defaultAgent, toolsOf } from "./agents.ts";
import { createDaemonCheck } from "./check-daemon.ts";
import { type ComponentParts, openComponentParts } from "./component-parts.ts";
import { withTrust } from "./component-trust.ts";
import type { ConfigState } from "./config-state.ts";
import { createDenials } from "./denials.ts";
import { type DoorOptions, type Doors, openDoors } from "./doors.ts";
import { endOrphans } from "./end-orphans.ts";
import { openFileOwned } from "./file-owned.ts";
import { type Home, ownerToken } from "./home.ts";
import { openKeptRules } from "./kept-rules.ts";
import { createLogins } from "./listener/logins.ts";
import { createStreamPlaces } from "./listener/stream-places.ts";
import { createLiveProviders } from "./live-providers.ts";
import type { LogFile } from "./log.ts";
import { notify } from "./notifications.ts";
import { createPermissions } from "./permissions.ts";
import { createProcessDoor } from "./process-door.ts";
import { openProjectRules } from "./project-rules.ts";
import { createSecrets } from "./secrets.ts";
import { mintId, systemClock } from "./system.ts";
import { createTools } from "./tools.ts";
import { version } from "./version.ts";

export interface DaemonOptions extends Pick<DoorOptions, "dashboard"> {
  readonly home: Home;
  readonly config: ConfigState;
  readonly log: LogFile;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Tools besides those that come with the daemon. */
  readonly tools: readonly Tool[];
  /** The home's lock is held: nobody else serves it. */
  readonly onOwned: () => void;
  /** The store failed for good: nothing may be answered any more. */
  readonly onFatal: (error: unknown) => void;
  /** A client asked the daemon to stop. */
  readonly onShutdown: (reason: string) => void;
}

export interface Daemon {
  readonly addresses: readonly string[];
  /** Reads config and agents anew; what is wrong is told as it is when a file changes. */
  reload(): void;
  /** Lets running turns reach a safe point, ends every stream with a reason, closes the home. */
  stop(reason: string): Promise<void>;
}

/** Share of the grace that turns have to reach a safe point. */
const turnShare = 0.5;
const sweepEvery = 60 * 60_000;
/** Milliseconds that turns wait at the start for components which their agents may use. */
const componentsTime = 1000;

/** Builds the whole daemon. Everything that is made is made here. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { home, config, log: daemonLog } = options;
  const limits = config.limits();
  const clock = systemClock;
  const startTime = clock.now();
  const stopping = new AbortController();
  let isCorrupt = false;
  const onBug = (error: unknown) => daemonLog.error({ err: error }, "a defect of ours");

  const store = openSqliteStore(home.path, {
    onFatal: options.onFatal,
    onCorrupt(error) {
      isCorrupt = true;
      daemonLog.error({ err: error }, "a page of the store is corrupt");
      log.bells.ring(healthBell);
    },
    onStarved: (frames) => daemonLog.warn({ frames }, "the write-ahead log cannot be emptied"),
  });
  options.onOwned();
  const log = createLog({
    store: store.events,
    blobs: store.blobs,
    clock,
    tailBytes: limits.tailBytes,
    draftTailBytes: limits.draftTailBytes,
  });
  const journal = await openDaemonJournal({ log, fold: sessionHead, clock });

  const { environment } = options;
  const agents = createAgents([defaultAgent]);
  const token = ownerToken(home);
  let parts: ComponentParts | undefined;
  const redactor = createSecrets({
    ...{ environment, agents },
    tokens: () => ({ "daphnia.token": token, ...parts?.components.tokens() }),
    config: () => config.config(),
    log: daemonLog,
  });
  daemonLog.redactBy((line) => redactor().text(line));
  const providers = createLiveProviders(config, { environment, home, clock, redactor });
  const { records } = store;
  const files = await openFileOwned({
    ...{ home, journal, records, agents, config },
    log: daemonLog,
    secret: token,
    onConfig: () => parts?.components.reconcile(),
  });
  const reload = () => void files.reload().catch(onBug);
  const watch = watchFiles({ file: home.config, folder: home.agents }, reload);
  const closed = [realpathSync(home.path)];
  const sealed = ["", "-wal", "-shm"].map((suffix) => home.database + suffix);
  const builtIn = createTools({
    config: () => config.config(),
    ...{ environment, sealed, closed },
    readBlob: store.blobs.read,
    claimsOf: (command, place) => permissions.claimsOf(command, place),
  });
  parts = await openComponentParts({
    ...{ home, clock, environment, journal, records, agents, redactor, log: daemonLog, onBug },
    config: () => config.config(),
    limits: () => config.limits(),
  });
  const { components, trust, door } = parts;
  const clean = createToolRedactor(redactor);
  const tools = () => [...builtIn.tools, ...options.tools, ...components.tools()].map(clean);
  const projects = await openProjectRules({ journal, records, daemonLog });
  const keptRules = await openKeptRules({ journal, records, mint: mintId, onBug });
  const permissions = createPermissions({
    config: () => config.config().permissions,
    agents,
    tools,
    closed,
    arguments: createArgumentReader(),
    kept: keptRules.rules,
    projectLayers: projects.layers,
    isSandboxed: builtIn.isSandboxed,
    trySandbox: builtIn.trySandbox,
  });
  const slots = createTurnSlots(limits.maxRunningTurns);
  const { models, defaultModel } = providers;
  const shared = { log, blobs: store.blobs, clock, agents, models, defaultModel };
  const sessions = createSessionManager(
    {
      ...shared,
      fold: sessionHead,
      mint: mintId,
      random: Math.random,
      toolsFor: (agent) => toolsOf(agent, tools()),
      arguments: createArgumentReader(),
      closed,
      redactor,
      judgeFor: permissions.judgeFor,
      ruleKeeper: withTrust(keptRules, trust),
      files: createFileRestorer(sealed),
      endOrphans,
      slots,
      get retry() {
        const { maxAttempts, retryPause, longestRetryPause } = config.limits();
        return { attempts: maxAttempts, pause: retryPause, longest: longestRetryPause };
      },
      get maxQueuedPrompts() {
        return config.limits().maxQueuedPrompts;
      },
      get maxCalls() {
        return config.limits().maxCalls;
      },
      get turnTimeout() {
        return config.limits().turnTimeout;
      },
      get approvalTimeout() {
        return config.limits().approvalTimeout;
      },
      isStopping: () => stopping.signal.aborted,
      onBug,
    },
    journal,
  );

  const places = createStreamPlaces(limits.maxWatches);
  const denials = createDenials(
    (what) => void journal.tell(what).catch(onBug),
    () => clock.monotonic(),
  );
  const logins = createLogins(token, clock);
  const { listen } = config.config();
  /** Grows while the doors open: who is let in by the first may ask before the last is open. */
  const addresses: string[] = [];
  const doors: Doors = await openDoors({
    ...options,
    limits,
    tcp: listen?.tcp ? { host: listen.address, port: listen.port } : undefined,
    hosts: listen?.hosts ?? [],
    ...{ token, logins, places },
    onOpen: (address) => addresses.push(address),
    onDenied: ({ peer, reason }) => denials(peer, reason),
    routes: routes({
      ...shared,
      sessions,
      once: createOnce(log),
      resolveFolder,
      get maxBatchBytes() {
        return config.limits().maxBatchBytes;
      },
      get heartbeat() {
        return config.limits().heartbeat;
      },
      tcpFrame: 16,
      status: () => (isCorrupt || store.events.trouble() ? "not_serving" : "serving"),
      agentWriter: files,
      permissions,
      modeOf: (agent) => permissions.list({ mode: "", agent }).mode.name,
      keptRules,
      projects,
      providers: providers.all,
      toolSpecs: () => tools().map(({ spec }) => spec),
      componentNames: () => components.list().map(({ name }) => name),
      components: door,
      process: createProcessDoor({
        home,
        log,
        daemonLog,
        config,
        files,
        ...{ slots, logins },
        sessionId: journal.sessionId,
        startTime,
        addresses: () => addresses,
        openWatches: () => places.taken,
        check: createDaemonCheck({
          home: home.path,
          environment,
          tools: tools().map(({ spec }) => spec.name),
          events: store.events,
          isCorrupt: () => isCorrupt,
          readStore: store.check,
          watch,
          checkSandbox: builtIn.checkSandbox,
        }),
        shutdown: options.onShutdown,
      }),
    }),
  });

  await within(componentsTime, components.settled());
  const recovered = await sessions.recover();
  const started = create(DaemonStartedSchema, { version, recovered, pid: process.pid });
  const tellStarted = () => journal.tell({ case: "daemonStarted", value: started });
  await tellStarted().catch((error: unknown) => {
    if (!isFull(error)) throw error;
    daemonLog.warn({ err: error }, "no space is left: what is written waits until there is some");
    whenPossible(tellStarted, { clock }, stopping.signal).catch((failure: unknown) => {
      if (!stopping.signal.aborted) onBug(failure);
    });
  });
  const told = { log, clock, daemonLog, settings: () => config.config().notify };
  notify(told, stopping.signal).catch((error: unknown) => stopping.signal.aborted || onBug(error));
  const sweeper = setInterval(() => void store.blobs.sweep().catch(onBug), sweepEvery).unref();

  return {
    addresses,
    reload,
    async stop(reason) {
      stopping.abort();
      clearInterval(sweeper);
      watch.close();
      const { shutdownGrace } = config.limits();
      const deadline = clock.monotonic() + shutdownGrace;
      const told = create(DaemonStoppingSchema, { reason });
      await journal.tell({ case: "daemonStopping", value: told }).catch(onBug);
      await within(shutdownGrace * turnShare, slots.drained());
      await sessions.close();
      await components.close("the daemon stops");
      await doors.close(Math.max(100, deadline - clock.monotonic()));
      await store.events.close();
    },
  };
}

/** Waits for something, but not for long. */
async function within(milliseconds: number, done: Promise<void>): Promise<void> {
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = systemClock.after(milliseconds, resolve);
  });
  await Promise.race([done, late]);
  cancel();
}
