import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  fromJson,
  fromJsonString,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toJsonString,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

const run = promisify(execFile);
/** The pinned one, wherever the tests are started from. */
const buf = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "buf");
const options = { maxBuffer: 64 * 1024 * 1024 };

/** Calls one RPC with a tool that knows nothing of Daphnia. */
export type Call = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
) => Promise<MessageShape<O>>;

/** Why tests with curl cannot run here; false when they can, or must. */
export const withoutCurl =
  spawnSync("curl", ["--version"]).error !== undefined &&
  !process.env["CI"] &&
  "needs curl: install it with your system's packages";

export function urlOf(method: DescMethod): string {
  return `http://localhost/${method.parent.typeName}/${method.name}`;
}

/** What curl prints; rejects where the answer is an error. */
export async function curl(socket: string, ...parameters: readonly string[]): Promise<string> {
  const fixed = ["--silent", "--show-error", "--fail-with-body", "--unix-socket", socket];
  return (await run("curl", [...fixed, ...parameters], options)).stdout;
}

/** Calls by POST, or those that only read by GET. */
export function curlCall(socket: string, reads: "POST" | "GET"): Call {
  return async (method, request) => {
    const body = toJsonString(method.input, create(method.input, request));
    const isGet = reads === "GET" && isRead(method);
    const query = ["-G", "-d", "connect=v1", "-d", "encoding=json"];
    const asked = isGet ? [...query, "--data-urlencode", `message=${body}`] : ["-d", body];
    return fromJsonString(method.output, await curl(socket, urlOf(method), ...asked));
  };
}

/** What buf curl prints, which finds the schema by asking the daemon. */
export async function bufCurl(socket: string, ...parameters: readonly string[]): Promise<string> {
  return (await run(buf, ["curl", "--unix-socket", socket, ...parameters], options)).stdout;
}

export function bufCurlCall(socket: string): Call {
  return async (method, request) => {
    const body = toJsonString(method.input, create(method.input, request));
    return fromJsonString(method.output, await bufCurl(socket, "-d", body, urlOf(method)));
  };
}

/** The messages of a stream that ends by itself. */
export async function bufCurlStream<O extends DescMessage>(
  socket: string,
  method: DescMethod & { readonly output: O },
  body: JsonValue,
  ...parameters: readonly string[]
): Promise<MessageShape<O>[]> {
  const asked = ["-d", JSON.stringify(body), urlOf(method)];
  const text = await bufCurl(socket, ...parameters, ...asked);
  return jsonValues(text).map((value) => fromJson(method.output, value));
}

/** A stream that goes on until `end`. */
export function startBufCurl(
  socket: string,
  method: DescMethod,
  body: JsonValue,
): { readonly output: AsyncIterable<Buffer>; end(): Promise<void> } {
  const asked = ["-d", JSON.stringify(body), urlOf(method)];
  // What npm installs starts the program proper: both are one group, to be ended together.
  const child = spawn(buf, ["curl", "--unix-socket", socket, ...asked], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const ended = once(child, "exit");
  return {
    output: child.stdout,
    async end() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid);
      await ended;
    },
  };
}

/** The values in a text of JSON values one after another, each indented as buf does. */
function jsonValues(text: string): JsonValue[] {
  const values = text.split(/(?<=^\})\n/m).filter((value) => value.trim() !== "");
  return values.map((value): JsonValue => JSON.parse(value));
}

function isRead(method: DescMethod): boolean {
  return method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}
