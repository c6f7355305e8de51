import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { FindingSchema } from "@daphnia/protocol/daemon_service";
import { formatCursor } from "../core/log/cursor.ts";
import type { Log } from "../core/log/log.ts";
import { maxEventBytes } from "../core/log/session-writer.ts";
import type { TurnSlots } from "../core/session/turn-slots.ts";
import type { Process } from "../services/daemon-service.ts";
import { type ConfigState, configFile } from "./config-state.ts";
import type { FileOwned } from "./file-owned.ts";
import type { Home } from "./home.ts";
import type { Logins } from "./listener/logins.ts";
import type { LogFile } from "./log.ts";
import { tailLog } from "./log-tail.ts";
import { createLoginCode } from "./login-code.ts";
import { toLimits } from "./process-info.ts";
import { version } from "./version.ts";

/** What the daemon says and does about itself. */
export function createProcessDoor(deps: {
  readonly home: Home;
  readonly log: Log;
  readonly daemonLog: LogFile;
  readonly config: ConfigState;
  readonly files: FileOwned;
  readonly slots: TurnSlots;
  readonly logins: Logins;
  readonly sessionId: string;
  readonly startTime: Date;
  readonly addresses: () => readonly string[];
  readonly openWatches: () => number;
  readonly check: (options: {
    readonly deep: boolean;
  }) => Promise<MessageInitShape<typeof FindingSchema>[]>;
  readonly shutdown: (reason: string) => void;
}): Process {
  const { home, log, config, files, slots } = deps;
  return {
    shutdown: deps.shutdown,
    check: deps.check,
    createLoginCode() {
      const { listen } = config.config();
      return createLoginCode({ codes: deps.logins.codes, addresses: deps.addresses(), listen });
    },
    tailLog: (options, signal) =>
      tailLog(home.log, { ...options, bells: deps.daemonLog.bells }, signal),
    config: () => ({
      settings: config.settings(),
      file: configFile,
      rejected: [...files.rejected()],
    }),
    async reload() {
      const { changed, rejected, needsRestart } = await files.reload();
      return {
        changed: [...changed],
        rejected: [...rejected],
        needsRestart: [...needsRestart],
      };
    },
    info: async () => ({
      version,
      protocol: 1,
      logId: log.id,
      pid: process.pid,
      startTime: timestampFromDate(deps.startTime),
      home: home.path,
      daemonSessionId: deps.sessionId,
      limits: toLimits(config.limits()),
      storeBytes: BigInt(await log.store.size()),
      addresses: [...deps.addresses()],
      runningTurns: slots.running(),
      waitingTurns: slots.waiting(),
      openWatches: deps.openWatches(),
      cursor: formatCursor(log.id, log.head()),
      residentBytes: BigInt(process.memoryUsage.rss()),
      runtimeVersion: process.versions.node,
      maxEventBytes: BigInt(maxEventBytes),
    }),
  };
}
