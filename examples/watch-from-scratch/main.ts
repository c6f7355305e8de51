// Watches a daemon, and goes on where it was when it is started again:
//   node main.ts ~/.daphnia/run/daphnia.sock [SESSION…]
// biome-ignore-all lint/correctness/noUndeclaredDependencies: it is for a folder of its own.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService, WatchResponseSchema } from "./gen/daphnia/v1/event_service_pb.js";

const [socketPath = "", ...sessions] = process.argv.slice(2);
const address = { baseUrl: "http://localhost", nodeOptions: { socketPath } };
const transport = createConnectTransport({ httpVersion: "1.1", ...address });
const client = createClient(EventService, transport);
let cursor = existsSync("cursor") ? readFileSync("cursor", "utf8") : "";
for (; ; await sleep(1000)) {
  const after = { case: "afterCursor", value: cursor } as const;
  const from = cursor === "" ? ({ case: "beginning", value: true } as const) : after;
  try {
    for await (const response of client.watch({ selector: { sessions }, from })) {
      process.stdout.write(`${toJsonString(WatchResponseSchema, response)}\n`);
      cursor = response.cursor;
      writeFileSync("cursor.new", cursor);
      renameSync("cursor.new", "cursor");
    }
  } catch (error) {
    const { code, details } = ConnectError.from(error);
    if (details.length > 0 && code !== Code.Unavailable) throw error; // it would end so again
  }
}
