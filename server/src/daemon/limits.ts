import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import type { Limits } from "@daphnia/protocol/config";

/**
 * Every cap that the daemon keeps: `Limits` of the config as plain numbers, times
 * in milliseconds. The defaults and ranges are in config.proto.
 */
export interface DaemonLimits {
  readonly maxMessageBytes: number;
  readonly maxHeaderBytes: number;
  /** Time that a request's headers may take. */
  readonly headerTimeout: number;
  readonly maxConnections: number;
  readonly maxWatches: number;
  readonly maxWatchesPerConnection: number;
  readonly maxWatchesPerTcpConnection: number;
  readonly maxBatchBytes: number;
  readonly tailBytes: number;
  readonly draftTailBytes: number;
  /** Time without a byte taken after which a reader is reset. */
  readonly stallTimeout: number;
  readonly heartbeat: number;
  readonly maxRunningTurns: number;
  readonly maxQueuedPrompts: number;
  /** Time that running work has at shutdown. */
  readonly shutdownGrace: number;
  /** Model calls of one step, the first included. */
  readonly maxAttempts: number;
  /** Time before the first retry. */
  readonly retryPause: number;
  /** The longest pause before a retry. */
  readonly longestRetryPause: number;
  /** Tool calls of one turn. */
  readonly maxCalls: number;
  /** Time that a turn may take. */
  readonly turnTimeout: number;
  /** Time that an approval waits where the agent does not say. */
  readonly approvalTimeout: number;
  /** Time that a component's call may take without a sign of life. */
  readonly componentIdleTimeout: number;
  /** Time that a component's call may take in all. */
  readonly componentCallTimeout: number;
  /** Time between two looks at a component that was used. */
  readonly componentPing: number;
  /** Time before a component that is down is tried again. */
  readonly componentRetryPause: number;
  /** Time without a call after which a program that was started is stopped. */
  readonly componentIdleStop: number;
}

/** The caps that a whole config states. */
export function limitsOf(limits: Limits): DaemonLimits {
  return {
    maxMessageBytes: Number(limits.maxMessageBytes),
    maxHeaderBytes: Number(limits.maxHeaderBytes),
    headerTimeout: milliseconds(limits.headerTimeout),
    maxConnections: limits.maxConnections,
    maxWatches: limits.maxWatches,
    maxWatchesPerConnection: limits.maxWatchesPerConnection,
    maxWatchesPerTcpConnection: limits.maxWatchesPerTcpConnection,
    maxBatchBytes: Number(limits.maxBatchBytes),
    tailBytes: Number(limits.tailBytes),
    draftTailBytes: Number(limits.draftTailBytes),
    stallTimeout: milliseconds(limits.stallTimeout),
    heartbeat: milliseconds(limits.heartbeat),
    maxRunningTurns: limits.maxRunningTurns,
    maxQueuedPrompts: limits.maxQueuedPrompts,
    shutdownGrace: milliseconds(limits.shutdownGrace),
    maxAttempts: limits.maxAttempts,
    retryPause: milliseconds(limits.retryPause),
    longestRetryPause: milliseconds(limits.longestRetryPause),
    maxCalls: limits.maxCalls,
    turnTimeout: milliseconds(limits.turnTimeout),
    approvalTimeout: milliseconds(limits.approvalTimeout),
    componentIdleTimeout: milliseconds(limits.componentIdleTimeout),
    componentCallTimeout: milliseconds(limits.componentCallTimeout),
    componentPing: milliseconds(limits.componentPing),
    componentRetryPause: milliseconds(limits.componentRetryPause),
    componentIdleStop: milliseconds(limits.componentIdleStop),
  };
}

/** A whole config states every time. */
function milliseconds(duration: Duration | undefined): number {
  if (duration === undefined) throw new Error("a limit has no value and no default");
  return durationMs(duration);
}
