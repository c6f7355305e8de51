// One way to tell all streams the same ready message. Arguments: socket, way.
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import {
  EventService,
  type WatchResponse,
  WatchResponseSchema,
} from "@daphnia/protocol/event_service";
import { answerText, type RequestHandler } from "../src/daemon/listener/exchange.ts";
import { openListener } from "../src/daemon/listener/open-listener.ts";
import { createStreamPlaces } from "../src/daemon/listener/stream-places.ts";
import { socketLimits } from "../src/daemon/listener/transport-limits.ts";
import { keepHeapSmall } from "../src/daemon/small-heap.ts";
import { envelope, handOn, type WriteFrame } from "../src/services/hand-on.ts";
import { watchPath } from "./conversation.ts";
import { fail } from "./fail.ts";

const contentType = "application/connect+proto";
const eventBytes = 76;
const eventsTag = 0x12;
const eventsField = 2;
const lengthDelimited = 2;

/** What the streams of one way have in common. */
interface Way {
  /** Tells every stream a message of so many events; resolves when they can take the next. */
  tell(events: number): Promise<void>;
}

type Handle = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

const [path = "", way = ""] = process.argv.slice(2);
keepHeapSmall(); // as the daemon does
switch (way) {
  case "message": {
    const streams = createGenerators(messageOf);
    const routes = (router: ConnectRouter) =>
      router.service(EventService, { watch: streams.follow });
    listen(streams, connectNodeAdapter({ routes }));
    break;
  }
  case "universal": {
    const streams = createGenerators(frameOf);
    listen(streams, (_, response) => answerFrames(streams.follow(), response));
    break;
  }
  case "past connect":
    await listenPastConnect();
    break;
  case "http2": {
    const streams = createWriters();
    listen(streams, (_, response) => {
      response.writeHead(200, { "content-type": contentType });
      const room = () => new Promise<void>((resolve) => response.once("drain", resolve));
      const leave = streams.join((frame) => (response.write(frame) ? undefined : room()));
      response.once("close", leave);
    });
    break;
  }
  default:
    throw new Error(`there is no way "${way}"`);
}
process.on("SIGTERM", () => process.exit(0));

/** Serves watches on plain `node:http2`. */
function listen(streams: Way, watch: Handle): void {
  const tell = append(streams);
  createServer((request, response) => {
    if (request.url === watchPath) watch(request, response);
    else tell(request, response);
  }).listen(path);
}

/** `GET /append?events=…&batch=…` tells so many events, so many in a message. */
function append({ tell }: Way): RequestHandler {
  return (request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const [events = 0, batch = 1] = ["events", "batch"].map((name) =>
      Number(searchParams.get(name) ?? 0),
    );
    tellAll(tell, events, batch).then(() => answerText(response, 200, "done"), fail);
  };
}

async function tellAll(tell: Way["tell"], events: number, batch: number): Promise<void> {
  for (let told = 0; told < events; told += batch) await tell(batch);
}

function eventsOf(count: number): Uint8Array[] {
  const event = new Uint8Array(eventBytes);
  event.set([eventsTag, eventBytes - 2]);
  return Array.from({ length: count }, () => event);
}

function frameOf(count: number): Uint8Array {
  return envelope(eventsOf(count));
}

/** The events as bytes that the encoder passes on: fields that it does not know. */
function messageOf(count: number): WatchResponse {
  const message = create(WatchResponseSchema, {});
  message.$unknown = eventsOf(count).map((event) => ({
    no: eventsField,
    wireType: lengthDelimited,
    data: event.subarray(1),
  }));
  return message;
}

/** Streams that are generators: each waits for what comes next. */
function createGenerators<T>(make: (count: number) => T) {
  interface Next {
    readonly value: T;
    readonly following: Promise<Next>;
  }
  let next = Promise.withResolvers<Next>();
  let streams = 0;
  let asking = 0;
  let allAsk = () => {};
  const look = () => {
    if (asking === streams) allAsk();
  };
  async function* follow(): AsyncGenerator<T> {
    let place = next.promise;
    streams++;
    try {
      yield make(0);
      for (;;) {
        asking++;
        look();
        const { value, following } = await place;
        asking--;
        place = following;
        yield value;
      }
    } finally {
      streams--;
      look();
    }
  }
  return {
    follow,
    async tell(count: number) {
      const value = make(count);
      const told = next;
      next = Promise.withResolvers();
      told.resolve({ value, following: next.promise });
      await Promise.resolve(); // now nobody asks
      await new Promise<void>((resolve) => {
        allAsk = resolve;
      });
    },
  };
}

function answerFrames(body: AsyncGenerator<Uint8Array>, response: Http2ServerResponse): void {
  const header = new Headers({ "content-type": contentType });
  universalResponseToNodeResponse({ status: 200, header, body }, response).catch(() => {}); // its client left
}

/** Streams that are told by a loop over all. */
function createWriters() {
  const writers = new Set<WriteFrame>();
  return {
    join(write: WriteFrame): () => void {
      writers.add(write);
      void write(frameOf(0)); // alone it fills nothing
      return () => void writers.delete(write);
    },
    async tell(count: number) {
      const frame = frameOf(count);
      await Promise.all([...writers].map((write) => write(frame)).filter((room) => room));
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** As the daemon does it: connect opens the stream, and the rest is written into its response. */
async function listenPastConnect(): Promise<void> {
  const streams = createWriters();
  const stay = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const routes = (router: ConnectRouter) =>
    router.service(EventService, {
      async *watch(_, context) {
        yield create(WatchResponseSchema, {});
        handOn(context, (write, signal) => {
          const leave = streams.join(write);
          return stay(signal).finally(leave);
        });
      },
    });
  const appendAsked = append(streams);
  await openListener({
    address: { path },
    limits: socketLimits,
    places: createStreamPlaces(4096),
    interceptors: [],
    routes,
    fallback: ({ request, response }) => appendAsked(request, response),
    onDenied: fail,
    onError: (_, error) => fail(error),
  });
}
