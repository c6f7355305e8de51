import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type {
  CreateLoginCodeResponseSchema,
  DaemonService,
  FindingSchema,
  GetConfigResponseSchema,
  GetInfoResponseSchema,
  ReloadResponseSchema,
} from "@daphnia/protocol/daemon_service";
import { invalidField } from "../base/errors.ts";
import { formatCursor } from "../core/log/cursor.ts";
import type { Log } from "../core/log/log.ts";

/** What the daemon door needs from the process. */
export interface Process {
  info(): Promise<MessageInitShape<typeof GetInfoResponseSchema>>;
  /** The config in force, but for the cursor. */
  config(): MessageInitShape<typeof GetConfigResponseSchema>;
  /** Reads all files anew; what that changed, but for the cursor. */
  reload(): Promise<MessageInitShape<typeof ReloadResponseSchema>>;
  /** Lines of the daemon's log; an empty batch now and then says that it is alive. */
  tailLog(
    options: { readonly lines: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<readonly string[]>;
  check(options: { readonly deep: boolean }): Promise<MessageInitShape<typeof FindingSchema>[]>;
  /** Makes a code that lets one browser in. */
  createLoginCode(): MessageInitShape<typeof CreateLoginCodeResponseSchema>;
  /** Begins to stop; the answer is still sent. */
  shutdown(reason: string): void;
}

const mostLines = 10_000;

export function daemonService(daemon: Process, log: Log): ServiceImpl<typeof DaemonService> {
  const now = () => formatCursor(log.id, log.head());
  return {
    getInfo: () => daemon.info(),
    getConfig: () => ({ ...daemon.config(), cursor: now() }),
    async reload() {
      const cursor = now();
      return { ...(await daemon.reload()), cursor };
    },
    async *tailLog({ lines, follow }, { signal }) {
      if (lines > mostLines) {
        throw invalidField("lines", `must be 1 to ${mostLines}, got ${lines}`);
      }
      for await (const batch of daemon.tailLog({ lines: lines || 100, follow }, signal)) {
        yield { lines: [...batch] };
      }
    },
    async check({ deep }) {
      return { findings: await daemon.check({ deep }) };
    },
    createLoginCode: () => daemon.createLoginCode(),
    shutdown({ reason }) {
      daemon.shutdown(reason === "" ? "asked to by a client" : reason);
      return {};
    },
  };
}
