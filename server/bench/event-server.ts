// The event service alone, as the daemon has it: the real store, log, service and listener, and a
// door to append by. Arguments: socket, home, bytes of a message, bytes of the log's memory.
import { toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@daphnia/protocol/event";
import { EventService } from "@daphnia/protocol/event_service";
import { kindOf } from "../src/core/log/event-bodies.ts";
import { createLog, type Log } from "../src/core/log/log.ts";
import { answerText } from "../src/daemon/listener/exchange.ts";
import { openListener } from "../src/daemon/listener/open-listener.ts";
import { createStreamPlaces } from "../src/daemon/listener/stream-places.ts";
import { socketLimits } from "../src/daemon/listener/transport-limits.ts";
import { keepHeapSmall } from "../src/daemon/small-heap.ts";
import { systemClock } from "../src/daemon/system.ts";
import { openSqliteStore } from "../src/plugins/sqlite/open-store.ts";
import { eventService } from "../src/services/event-service.ts";
import { fail } from "./fail.ts";
import { eventAt } from "./large-home.ts";

const mostWriters = 16;
const [path = "", home = "", maxBatchBytes = "", tailBytes = ""] = process.argv.slice(2);
keepHeapSmall();
const store = openSqliteStore(home, { onFatal: fail, onCorrupt: fail, onStarved: fail });
const log = createLog({
  store: store.events,
  blobs: store.blobs,
  clock: systemClock,
  tailBytes: Number(tailBytes),
  draftTailBytes: 256 * 1024,
});
const seqs = Array.from({ length: mostWriters }, () => 0);
await openListener({
  address: { path },
  limits: socketLimits,
  places: createStreamPlaces(4096),
  interceptors: [],
  routes: (router) =>
    router.service(
      EventService,
      eventService({
        ...{ log, clock: systemClock, heartbeat: 20_000, tcpFrame: 16 },
        maxBatchBytes: Number(maxBatchBytes),
      }),
    ),
  fallback({ request, response }) {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const events = Number(searchParams.get("events") ?? 0);
    const writers = Number(searchParams.get("writers") ?? mostWriters);
    appendAll(log, writers, events / writers, Number(searchParams.get("batch"))).then(
      () => answerText(response, 200, "done"),
      fail,
    );
  },
  onDenied: fail,
  onError: (_, error) => fail(error),
});

/** Every writer commits its share, one batch after the other. */
async function appendAll(to: Log, writers: number, share: number, batch: number): Promise<void> {
  const write = async (writer: number) => {
    for (let done = 0; done < share; done += batch) await appendBatch(to, writer, batch);
  };
  await Promise.all(seqs.slice(0, writers).map((_, writer) => write(writer)));
}

async function appendBatch(to: Log, writer: number, count: number): Promise<void> {
  const sessionId = `session-${writer}`;
  const expectedSeq = seqs[writer] ?? 0;
  seqs[writer] = expectedSeq + count;
  const events = Array.from({ length: count }, (_, i) => eventAt(sessionId, expectedSeq + i + 1));
  await to.append({
    sessionId,
    expectedSeq,
    context: { agent: "default", labels: {} },
    events: events.map((event) => ({
      seq: Number(event.seq),
      kind: kindOf(event.body),
      time: 0,
      bytes: toBinary(EventSchema, event),
    })),
  });
}
