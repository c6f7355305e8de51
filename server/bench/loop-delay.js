// Loaded into a server that is measured (`node --import`): tells on a socket how long its event loop
// was held up since it was asked last, in milliseconds.
import { createServer } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Milliseconds between two looks; what is more than that is delay. */
const resolution = 2;
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
const later = (value) => Math.max(0, value / 1e6 - resolution);
const server = createServer((socket) => {
  const [p50, p99] = [50, 99].map((share) => later(delay.percentile(share)));
  socket.end(JSON.stringify({ p50, p99, max: later(delay.max), count: delay.count }));
  delay.reset();
});
server.listen(process.env.BENCH_LOOP_SOCKET).unref();
