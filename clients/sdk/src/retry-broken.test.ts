import assert from "node:assert/strict";
import { it } from "node:test";
import {
  ConnectError,
  createClient,
  createRouterTransport,
  type Interceptor,
} from "@connectrpc/connect";
import { SessionService } from "@daphnia/protocol/session_service";
import { requestIds } from "./client.ts";
import { retryBroken } from "./retry-broken.ts";

/** A client whose first calls fail as if their connection had this error. */
function createBreaking(codes: readonly string[]) {
  const left = [...codes];
  const breaking: Interceptor = (next) => (request) => {
    const code = left.shift();
    if (code === undefined) return next(request);
    throw ConnectError.from(Object.assign(new Error(code), { code }));
  };
  const ids: string[] = [];
  const noting: Interceptor = (next) => (request) => {
    if (!request.stream && "requestId" in request.message)
      ids.push(String(request.message.requestId));
    return next(request);
  };
  const transport = createRouterTransport(
    ({ service }) => {
      service(SessionService, { prompt: () => ({ promptId: "p" }) });
    },
    { transport: { interceptors: [requestIds, retryBroken, noting, breaking] } },
  );
  return { client: createClient(SessionService, transport), ids };
}

it("makes a call again whose connection broke, under the same request id", async () => {
  const { client, ids } = createBreaking(["EPIPE", "ECONNRESET"]);
  assert.equal((await client.prompt({})).promptId, "p");
  assert.deepEqual([ids.length, new Set(ids).size, ids[0] !== ""], [3, 1, true]);
});

it("gives up where nobody is there, and after some tries", async () => {
  const nobody = createBreaking(["ECONNREFUSED"]);
  await assert.rejects(nobody.client.prompt({}));
  assert.equal(nobody.ids.length, 1);
  const broken = createBreaking(["EPIPE", "EPIPE", "EPIPE", "EPIPE"]);
  await assert.rejects(broken.client.prompt({}));
  assert.equal(broken.ids.length, 3);
});
