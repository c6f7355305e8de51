import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { connect } from "@daphnia/client/node";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import {
  type WatchRequest,
  WatchRequestSchema,
  WatchResponseSchema,
} from "@daphnia/protocol/event_service";
import { startBrowser } from "../../../clients/sdk/src/testing/browser.ts";
import { buildWeb } from "../../../tools/web-build.ts";
import { bodyOf, messagesOf, rawEventsOf } from "./envelopes.ts";
import type { PageAnswer, PageRequest } from "./page-reader.ts";
import { openTap } from "./tap.ts";

/** What one reader was told from a place to the end of the log. */
export interface Reading {
  readonly events: readonly Event[];
  /** The bytes of each event as they arrived, in base64; of those that read bytes. */
  readonly raw: readonly string[];
}

/** Behind this cursor, or from the log's beginning, to its end. */
function requestFrom(after: string): WatchRequest {
  const from =
    after === ""
      ? ({ case: "beginning", value: true } as const)
      : ({ case: "afterCursor", value: after } as const);
  return create(WatchRequestSchema, { from, untilCaughtUp: true });
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));

function readingOf(responses: readonly Uint8Array[]): Reading {
  const raw = responses.flatMap(rawEventsOf);
  return { events: raw.map((bytes) => fromBinary(EventSchema, bytes)), raw: raw.map(base64) };
}

/** Our own client over the socket: its events, and what really came over the wire. */
export async function readWithSdk(socket: string, after: string): Promise<Reading> {
  await using tap = await openTap(socket);
  const events: Event[] = [];
  const options = { after: after === "" ? ("beginning" as const) : after, untilCaughtUp: true };
  for await (const response of connect({ home: tap.home }).watch(options)) {
    events.push(...response.events);
  }
  return { events, raw: readingOf(messagesOf(bodyOf(tap.heard()))).raw };
}

/** curl, and JSON. */
export async function readWithCurl(socket: string, after: string): Promise<Reading> {
  const json = Buffer.from(toJsonString(WatchRequestSchema, requestFrom(after)));
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(json.length, 1);
  const body = await outputOf(
    "curl",
    ["-sSN", "--fail-with-body", "--unix-socket", socket]
      .concat(["-H", "content-type: application/connect+json", "--data-binary", "@-"])
      .concat(["http://localhost/daphnia.v1.EventService/Watch"]),
    Buffer.concat([envelope, json]),
  );
  const events = messagesOf(body).flatMap(
    (message) => fromJsonString(WatchResponseSchema, Buffer.from(message).toString("utf8")).events,
  );
  return { events, raw: [] };
}

/** A Python that has gRPC: the system's, or the one that comes first. */
export function pythonWithGrpc(): string | undefined {
  const hasGrpc = (python: string) => spawnSync(python, ["-c", "import grpc"]).status === 0;
  return ["/usr/bin/python3", "python3"].find(hasGrpc);
}

/** Python and gRPC, which knows none of our messages. */
export async function readWithPython(socket: string, after: string): Promise<Reading> {
  const script = join(import.meta.dirname, "grpc_watch.py");
  const request = base64(toBinary(WatchRequestSchema, requestFrom(after)));
  const lines = await outputOf(pythonWithGrpc() ?? "python3", [script, socket], request);
  return readingOf(lines.toString("latin1").split("\n").filter(Boolean).map(bytesOf));
}

/** The web build, in a browser that checks origins, on a page of the daemon's own origin. */
export async function readWithBrowser(
  requests: Omit<PageRequest, "after">,
  after: string,
): Promise<Reading> {
  const { code } = await buildWeb('import "./page-reader.ts";', import.meta.dirname);
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const url = `${requests.baseUrl}/test.html`;
    // The daemon has no such page; everything else goes to the daemon.
    const html = "<!doctype html><title>readers</title>";
    await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: html }));
    await page.goto(url);
    await page.addScriptTag({ content: code, type: "module" });
    const request = JSON.stringify({ ...requests, after });
    const answer: PageAnswer = await page.evaluate(`readEvents(${request})`);
    const events = answer.events.map((event) => fromBinary(EventSchema, bytesOf(event)));
    return {
      events,
      raw: readingOf(answer.bodies.flatMap((body) => messagesOf(bytesOf(body)))).raw,
    };
  } finally {
    await browser.close();
  }
}

/** What a program prints; rejects with what it complains of. */
function outputOf(
  command: string,
  options: readonly string[],
  input: string | Uint8Array,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settings = { encoding: "buffer", maxBuffer: 64 * 1024 * 1024 } as const;
    const child = execFile(command, [...options], settings, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command}: ${stderr.toString()}`, { cause: error }));
    });
    child.stdin?.end(input);
  });
}
