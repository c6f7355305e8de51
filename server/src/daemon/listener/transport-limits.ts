/** Every cap that a listener keeps. None is left to Node. Times are milliseconds. */
export interface TransportLimits {
  /** Bytes of a request's headers, all together. */
  readonly maxHeaderBytes: number;
  /** How long a connection's first bytes, and a request's headers, may take. */
  readonly headerTimeout: number;
  /** How long a whole request may take to arrive. */
  readonly requestTimeout: number;
  /** How long an HTTP/1.1 connection may idle between two requests. */
  readonly idleTimeout: number;
  /** Connections of this listener; one more is closed at once. */
  readonly maxConnections: number;
  /** Server streams that one connection may have open. */
  readonly maxWatches: number;
  /** HTTP/2 streams of one connection: more than watches, or none could be refused. */
  readonly maxStreams: number;
  /** Megabytes that Node may hold for one HTTP/2 connection. */
  readonly maxSessionMemory: number;
  readonly maxReadBytes: number;
  readonly maxWriteBytes: number;
  /** A response whose reader took no byte for this long is reset. */
  readonly stallTimeout: number;
}

export const socketLimits: TransportLimits = {
  maxHeaderBytes: 16 * 1024,
  headerTimeout: 10_000,
  requestTimeout: 120_000,
  idleTimeout: 75_000,
  maxConnections: 4096,
  maxWatches: 1024,
  maxStreams: 1024 + 128,
  maxSessionMemory: 64,
  maxReadBytes: 4 * 1024 * 1024,
  maxWriteBytes: 4 * 1024 * 1024,
  stallTimeout: 5 * 60_000,
};

export const tcpLimits: TransportLimits = {
  ...socketLimits,
  maxConnections: 1024,
  maxWatches: 128,
  maxStreams: 128 + 128,
  maxSessionMemory: 16,
};
