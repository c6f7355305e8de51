// What watching is compared with: a server that writes ready-made messages to each of its streams.
import { once } from "node:events";
import { createServer } from "node:http2";

const eventBytes = 110;
const eventsTag = 0x12;
const viewers = new Set();

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (pathname === "/append") {
    const [events, batch] = ["events", "batch"].map((name) => Number(searchParams.get(name)));
    const message = envelope(batch);
    await Promise.all([...viewers].map((viewer) => flood(viewer, message, events / batch)));
    response.end();
  } else if (request.headers["content-type"]?.startsWith("application/connect")) {
    viewers.add(response);
    response.on("close", () => viewers.delete(response));
    response.write(envelope(0));
  } else response.end("{}");
});

/** A message that holds as many events as a batch, in the shape of a WatchResponse. */
function envelope(events) {
  const one = Buffer.from([eventsTag, eventBytes, ...new Uint8Array(eventBytes)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(events * one.length, 1);
  return Buffer.concat([head, ...Array.from({ length: events }, () => one)]);
}

async function flood(viewer, message, times) {
  for (let i = 0; i < times; i++) if (!viewer.write(message)) await once(viewer, "drain");
}

server.listen(process.argv[2]);
process.on("SIGTERM", () => process.exit(0));
