import { setTimeout as pause } from "node:timers/promises";
import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type GetInfoResponse,
  GetInfoResponseSchema,
  type ReloadResponse,
  ReloadResponseSchema,
} from "@daphnia/protocol/daemon_service";
import { Complaint } from "../complaint.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { ageText, bytesText } from "../figures.ts";
import { findDaemon, isNobody, requireDaemon } from "../find-daemon.ts";
import { isAlive } from "../home-process.ts";
import { offerRestart } from "../reach-daemon.ts";
import { createScreen, type Screen } from "../screen.ts";
import { startDaemon } from "../start-daemon.ts";
import { type Globals, nameOf, type Target, targetOf } from "../target.ts";
import { typed } from "../typed-command.ts";

/** Milliseconds between two looks at a daemon that stops, and in all. */
const lookEvery = 20;
const longestStop = 15_000;

/** Serves a home in this process until it is told to stop. */
export async function daemonRun(options: Globals): Promise<number> {
  const { home } = ownHome(options);
  const { serveHome } = await import("../serve-home.ts");
  return serveHome({ home, json: options.json ?? false });
}

/** Starts a home's daemon in the background, unless it runs. */
export async function daemonStart(options: Globals): Promise<number> {
  const target = ownHome(options);
  const screen = createScreen();
  const found = await findDaemon(target);
  const info = found ?? (await startDaemon(target));
  if (options.json) screen.print(infoJson(info));
  else {
    const what = found ? "the daemon runs already" : "daemon started";
    screen.say(`${what}, pid ${info.pid}, home ${info.home}`);
    if (found) offerRestart(info, target, screen);
    else screen.say(screen.tint("dim", `stop it with: ${typed("daemon stop", target.home)}`));
  }
  return exitCodes.ok;
}

/** Stops a daemon and waits until it is gone. That none runs is no failure. */
export async function daemonStop(options: Globals): Promise<number> {
  const target = targetOf(options);
  const screen = createScreen();
  const info = await findDaemon(target);
  if (info === undefined) screen.say(`no daemon serves ${nameOf(target)}`);
  else await stopAndWait(info, target, screen);
  if (options.json) screen.print(safeJson({ stopped: info?.pid ?? null }));
  return exitCodes.ok;
}

/** Stops a home's daemon, if one runs, and starts it anew. */
export async function daemonRestart(options: Globals): Promise<number> {
  const target = ownHome(options);
  const screen = createScreen();
  const info = await findDaemon(target);
  if (info !== undefined) await stopAndWait(info, target, screen);
  return daemonStart(options);
}

/** Says what a daemon is and does. */
export async function daemonStatus(options: Globals): Promise<number> {
  const target = targetOf(options);
  const screen = createScreen();
  const info = await requireDaemon(target);
  if (options.json) screen.print(infoJson(info));
  else for (const line of statusLines(info)) screen.print(line);
  offerRestart(info, target, screen);
  return exitCodes.ok;
}

/** Reads the config and the agents' files anew; fails where one cannot be used. */
export async function daemonReload(options: Globals): Promise<number> {
  const target = targetOf(options);
  const screen = createScreen();
  await requireDaemon(target);
  const answer = await target.client.daemon.reload({});
  if (options.json) screen.print(safeJson(toJson(ReloadResponseSchema, answer), 2));
  else for (const line of reloadLines(answer)) screen.say(oneLine(line));
  return answer.rejected.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function reloadLines({ changed, rejected, needsRestart }: ReloadResponse): string[] {
  const lines = [
    ...changed.map(
      ({ kind, name, revision }) => `${kind} ${name} ${revision ? "changed" : "gone"}`,
    ),
    ...rejected.map(({ file, line, problem }) => `${file}:${line}: ${problem}`),
    ...needsRestart.map((key) => `${key} counts from the next start on`),
  ];
  return lines.length === 0 ? ["nothing changed"] : lines;
}

function ownHome(options: Globals): Extract<Target, { kind: "home" }> {
  const target = targetOf(options);
  if (target.kind === "home") return target;
  throw new Complaint(
    exitCodes.usage,
    `a daemon is started for a home, not at a url (${target.url})`,
    "unset DAPHNIA_URL, or name the home with --home",
  );
}

async function stopAndWait(info: GetInfoResponse, target: Target, screen: Screen): Promise<void> {
  await target.client.daemon.shutdown({ reason: "daphnia daemon stop" });
  const end = performance.now() + longestStop;
  while (await isThere(info.pid, target)) {
    if (performance.now() > end) {
      throw new Complaint(
        exitCodes.failed,
        `the daemon, pid ${info.pid}, is still stopping after ${longestStop / 1000} s`,
        `look into its log, or end it with: kill -9 ${info.pid}`,
      );
    }
    await pause(lookEvery);
  }
  screen.say(`daemon stopped, pid ${info.pid}`);
}

/** Of a daemon here, its process is what counts; of one elsewhere, its answers. */
async function isThere(pid: number, target: Target): Promise<boolean> {
  if (target.kind === "home") return isAlive(pid);
  try {
    await target.client.daemon.getInfo({}, { timeoutMs: 1000 });
    return true;
  } catch (error) {
    return !isNobody(error);
  }
}

function infoJson(info: GetInfoResponse): string {
  return safeJson(toJson(GetInfoResponseSchema, info), 2);
}

function statusLines(info: GetInfoResponse): string[] {
  const since = info.startTime === undefined ? undefined : timestampDate(info.startTime);
  const facts: readonly (readonly [string, string])[] = [
    ["daemon", `pid ${info.pid}, version ${info.version}, Node ${info.runtimeVersion}`],
    ["started", since === undefined ? "" : ageText(since, new Date())],
    ["home", `${info.home} (${bytesText(Number(info.storeBytes))} stored)`],
    ["serves", info.addresses.join(", ")],
    ["turns", `${info.runningTurns} running, ${info.waitingTurns} waiting`],
    ["watches", `${info.openWatches} open`],
    ["memory", bytesText(Number(info.residentBytes))],
    ["cursor", info.cursor],
  ];
  return facts.filter(([, value]) => value).map(([name, value]) => `${name.padEnd(8)} ${value}`);
}
