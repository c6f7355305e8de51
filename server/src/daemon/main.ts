import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { DaemonError, messageOf } from "../base/errors.ts";
import type { Tool } from "../core/tool/tool.ts";
import { type Daemon, startDaemon } from "./compose.ts";
import { type ConfigState, loadConfig, logLevelOf } from "./config-state.ts";
import { type Home, homePath, prepareHome } from "./home.ts";
import { HomeError } from "./home-error.ts";
import { type DaemonLog, openDaemonLog } from "./log.ts";
import { version } from "./version.ts";

/** How the daemon's process ends. */
export const exitCodes = { stopped: 0, failed: 1, homeInUse: 4, storeFailed: 74 } as const;

export interface RunOptions {
  /** The home; default `DAPHNIA_HOME`, or `~/.daphnia`. */
  readonly home?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Tools besides those that come with the daemon. */
  readonly tools?: readonly Tool[];
  /** The folder of the dashboard's built files; default: those that come with the daemon. */
  readonly dashboard?: string;
  /** Told once it serves. */
  readonly onReady?: (daemon: { pid: number; home: string; addresses: readonly string[] }) => void;
  /** Aborts to stop the daemon as SIGTERM does. */
  readonly signal?: AbortSignal;
}

/** Serves a home until it is told to stop. Resolves with the process's exit code. */
export async function runDaemon(options: RunOptions = {}): Promise<number> {
  const environment = options.environment ?? process.env;
  let home: Home;
  let config: ConfigState;
  try {
    home = prepareHome(options.home ?? homePath(environment));
    config = await loadConfig(home, environment);
  } catch (error) {
    return refuse(error);
  }
  const log = openDaemonLog(home.log, logLevelOf(config.config()));
  const signals = listenToSignals(options.signal);
  try {
    const daemon = await startDaemon({
      home,
      config,
      log,
      environment,
      tools: options.tools ?? [],
      dashboard: options.dashboard,
      onOwned: () => writePidFile(home),
      onFatal(error) {
        log.error({ err: error }, "the store failed; only what was acknowledged is served again");
        log.flush();
        process.stderr.write(`daphnia: the store failed: ${messageOf(error)}\n`);
        process.exit(exitCodes.storeFailed);
      },
      onShutdown: signals.stop,
    });
    await serve(daemon, { home, log, signals, onReady: options.onReady });
    return exitCodes.stopped;
  } catch (error) {
    log.error({ err: error }, "the daemon could not start, or could not end well");
    return refuse(error, home);
  } finally {
    signals.close();
    log.flush();
  }
}

/** Serves until it is told to stop, and stops. */
async function serve(
  daemon: Daemon,
  {
    home,
    log,
    signals,
    onReady,
  }: { home: Home; log: DaemonLog; signals: Signals; onReady: RunOptions["onReady"] },
): Promise<void> {
  const { addresses } = daemon;
  signals.onReload(() => daemon.reload());
  log.info({ pid: process.pid, version, addresses }, "the daemon serves");
  onReady?.({ pid: process.pid, home: home.path, addresses });
  const { keepHeapSmall } = await import("./small-heap.ts"); // loaded once it serves: nobody waits for it
  keepHeapSmall();
  const reason = await signals.told;
  log.info({ reason }, "the daemon stops");
  await daemon.stop(reason);
  rmSync(home.pidFile, { force: true });
}

/** What a home's daemon says of itself, for those who cannot ask it. */
export function readPidFile(home: Home): { pid: number; version: string } | undefined {
  try {
    const parsed: { pid?: unknown; version?: unknown } = JSON.parse(
      readFileSync(home.pidFile, "utf8"),
    );
    return typeof parsed.pid === "number"
      ? { pid: parsed.pid, version: String(parsed.version) }
      : undefined;
  } catch {
    return undefined; // none was written, or not whole: then nothing is known
  }
}

/** Written once the home's lock is held, so that whoever meets the lock can read whose it is. */
function writePidFile(home: Home): void {
  const text = JSON.stringify({ pid: process.pid, version });
  writeFileSync(home.pidFile, `${text}\n`, { mode: 0o600 });
}

/** What tells the process to stop or to read its files again, from before it serves until its end. */
interface Signals {
  /** Resolves with who told it to stop. */
  readonly told: Promise<string>;
  stop(reason: string): void;
  onReload(reload: () => void): void;
  close(): void;
}

function listenToSignals(signal: AbortSignal | undefined): Signals {
  const told = Promise.withResolvers<string>();
  let reload = () => {};
  const onTerm = () => told.resolve("SIGTERM");
  const onInt = () => told.resolve("SIGINT");
  const onHangup = () => reload();
  const onAbort = () => told.resolve("asked to");
  process.on("SIGTERM", onTerm).on("SIGINT", onInt).on("SIGHUP", onHangup);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return {
    told: told.promise,
    stop: told.resolve,
    onReload(call) {
      reload = call;
    },
    close() {
      process.off("SIGTERM", onTerm).off("SIGINT", onInt).off("SIGHUP", onHangup);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** Says why the daemon cannot start, and what mends it. */
function refuse(error: unknown, home?: Home): number {
  const isInUse = error instanceof DaemonError && error.detail.metadata?.["problem"] === "in_use";
  if (isInUse && home !== undefined) {
    const running = readPidFile(home);
    const who = running ? `pid ${running.pid}` : "another process";
    process.stderr.write(
      `daphnia: the home ${home.path} is served by ${who} already; stop it with \`DAPHNIA_HOME=${home.path} daphnia daemon stop\`\n`,
    );
    return exitCodes.homeInUse;
  }
  const remedy = error instanceof HomeError ? `; ${error.remedy}` : "";
  process.stderr.write(`daphnia: ${messageOf(error)}${remedy}\n`);
  return exitCodes.failed;
}
