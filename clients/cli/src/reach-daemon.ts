import type { GetInfoResponse } from "@daphnia/protocol/daemon_service";
import { findDaemon, noDaemon } from "./find-daemon.ts";
import type { Screen } from "./screen.ts";
import type { Target } from "./target.ts";
import { typed } from "./typed-command.ts";
import { isNewer, version } from "./version.ts";

/** The daemon of a target; starts one where none runs, unless told not to, and says so. */
export async function reachDaemon(
  target: Target,
  screen: Screen,
  mayStart: boolean,
): Promise<GetInfoResponse> {
  const found = await findDaemon(target);
  if (found !== undefined) {
    offerRestart(found, target, screen);
    return found;
  }
  if (target.kind === "url" || !mayStart) throw noDaemon(target);
  const { startDaemon } = await import("./start-daemon.ts");
  const info = await startDaemon(target);
  const stop = typed("daemon stop", target.home);
  screen.say(
    screen.tint("dim", `daemon started, pid ${info.pid}; it stays. Stop it with: ${stop}`),
  );
  return info;
}

/** Says so when the daemon is older than this command line. */
export function offerRestart(
  info: Pick<GetInfoResponse, "version">,
  target: Target,
  screen: Screen,
): void {
  if (!isNewer(version, info.version)) return;
  const how =
    target.kind === "home" ? `: ${typed("daemon restart", target.home)}` : " where it runs";
  screen.say(
    screen.tint(
      "yellow",
      `the daemon is version ${info.version}, this command line ${version}; restart the daemon${how}`,
    ),
  );
}
