// What watching is compared with: a server that writes ready-made messages to each of its streams.
import { once } from "node:events";
import { createServer } from "node:http2";

/** As many as an event of the event server takes, on average, with its tag and length. */
const eventBytes = 76;
const eventsTag = 0x12;
const viewers = new Set();

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const [events, batch] = ["events", "batch"].map((name) => Number(searchParams.get(name)));
  if (pathname === "/append") {
    const message = envelope(batch);
    for (let i = 0; i < events / batch; i++) await tell(message);
    response.end();
  } else if (pathname === "/ready") {
    const message = envelope(batch);
    response.write(envelope(0));
    for (let i = 0; i < events; i += batch) {
      const bytes = searchParams.has("join") ? join(log(events), i, batch) : message;
      if (!response.write(bytes)) await once(response, "drain");
    }
  } else if (request.headers["content-type"]?.startsWith("application/connect")) {
    viewers.add(response);
    response.on("close", () => viewers.delete(response));
    response.write(envelope(0));
  } else response.end("{}");
});

/** A message that holds as many events as a batch, in the shape of a WatchResponse. */
function envelope(events) {
  return join(Array.from({ length: events }, createEvent), 0, events);
}

function createEvent() {
  const event = new Uint8Array(eventBytes);
  event.set([eventsTag, eventBytes - 2]);
  return event;
}

let kept = [];
/** Ready events, each in memory of its own, as a log has them. */
function log(events) {
  if (kept.length !== events) kept = Array.from({ length: events }, createEvent);
  return kept;
}

function join(events, from, count) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(count * eventBytes, 1);
  return Buffer.concat([head, ...events.slice(from, from + count)]);
}

/**
 * One message to each viewer, and the next when the transport has sent them: else several would
 * be written as one, as no daemon can that has to commit each.
 */
function tell(message) {
  return new Promise((resolve) => {
    let left = viewers.size;
    const sent = () => {
      if (--left === 0) resolve();
    };
    for (const viewer of viewers) viewer.write(message, sent);
  });
}

server.listen(process.argv[2]);
process.on("SIGTERM", () => process.exit(0));
