import type { Clock } from "../base/clock.ts";
import type { BlobStore } from "../core/log/blob-store.ts";
import type { Log } from "../core/log/log.ts";
import type { Models } from "../core/model/model.ts";
import type { Agents } from "../core/session/session-deps.ts";
import type { SessionManager } from "../core/session/session-manager.ts";
import type { Once } from "./once.ts";

/** What the session door works with. */
export interface SessionServiceDeps {
  readonly sessions: SessionManager;
  readonly agents: Agents;
  readonly models: Models;
  readonly defaultModel: () => string;
  readonly log: Log;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly once: Once;
  /** The mode of an agent where its session states none. */
  readonly modeOf: (agent: string) => string;
  /** The real path of an existing folder; refuses any other, naming the field. */
  readonly resolveFolder: (path: string, field: string) => Promise<string>;
}
