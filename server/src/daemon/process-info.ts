import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { LimitsSchema } from "@daphnia/protocol/config";
import type { DaemonLimits } from "./limits.ts";

/** The limits as `GetInfo` tells them. */
export function toLimits(limits: DaemonLimits): MessageInitShape<typeof LimitsSchema> {
  return {
    maxMessageBytes: BigInt(limits.maxMessageBytes),
    maxHeaderBytes: BigInt(limits.maxHeaderBytes),
    maxWatchesPerConnection: limits.maxWatchesPerConnection,
    maxWatchesPerTcpConnection: limits.maxWatchesPerTcpConnection,
    maxWatches: limits.maxWatches,
    maxConnections: limits.maxConnections,
    maxBatchBytes: BigInt(limits.maxBatchBytes),
    tailBytes: BigInt(limits.tailBytes),
    draftTailBytes: BigInt(limits.draftTailBytes),
    stallTimeout: durationFromMs(limits.stallTimeout),
    maxRunningTurns: limits.maxRunningTurns,
    maxQueuedPrompts: limits.maxQueuedPrompts,
    shutdownGrace: durationFromMs(limits.shutdownGrace),
    headerTimeout: durationFromMs(limits.headerTimeout),
    heartbeat: durationFromMs(limits.heartbeat),
    maxAttempts: limits.maxAttempts,
    retryPause: durationFromMs(limits.retryPause),
    longestRetryPause: durationFromMs(limits.longestRetryPause),
    maxCalls: limits.maxCalls,
    turnTimeout: durationFromMs(limits.turnTimeout),
    approvalTimeout: durationFromMs(limits.approvalTimeout),
    componentIdleTimeout: durationFromMs(limits.componentIdleTimeout),
    componentCallTimeout: durationFromMs(limits.componentCallTimeout),
    componentPing: durationFromMs(limits.componentPing),
    componentRetryPause: durationFromMs(limits.componentRetryPause),
    componentIdleStop: durationFromMs(limits.componentIdleStop),
  };
}
