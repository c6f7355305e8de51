import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "@daphnia/protocol/grpc/health/v1/health";
import { createBells } from "../base/bells.ts";
import { createErrorInterceptor } from "./error-interceptor.ts";
import { createHealth } from "./health.ts";

function stage() {
  let status: "serving" | "not_serving" = "serving";
  // A clock that never rings: a watch moves by its bell alone.
  const bells = createBells({
    now: () => new Date(0),
    monotonic: () => 0,
    after: () => () => {},
  });
  const deps = { services: ["a.A"], status: () => status, bells, bell: "health" };
  const transport = createRouterTransport((router) => router.service(Health, createHealth(deps)), {
    router: { interceptors: [createErrorInterceptor(assert.fail)] },
  });
  return {
    client: createClient(Health, transport),
    become(next: typeof status) {
      status = next;
      bells.ring("health");
    },
  };
}

describe("health", () => {
  it("tells how the daemon and each of its services are", async () => {
    const { client, become } = stage();
    for (const service of ["", "a.A"]) {
      assert.equal((await client.check({ service })).status, Status.SERVING);
    }
    become("not_serving");
    assert.equal((await client.check({})).status, Status.NOT_SERVING);
    const { statuses } = await client.list({});
    assert.deepEqual(
      Object.entries(statuses).map(([name, { status }]) => [name, status]),
      [
        ["", Status.NOT_SERVING],
        ["a.A", Status.NOT_SERVING],
      ],
    );
  });

  it("does not find a service that there is not", async () => {
    const error = await stage()
      .client.check({ service: "b.B" })
      .then(() => assert.fail("expected a failure"), ConnectError.from);
    assert.equal(error.code, Code.NotFound);
  });

  it("tells a watch the status at once and then each change", async () => {
    const { client, become } = stage();
    const leave = new AbortController();
    const watch = client.watch({}, { signal: leave.signal })[Symbol.asyncIterator]();
    const next = async () => (await watch.next()).value?.status;
    assert.equal(await next(), Status.SERVING);
    become("not_serving");
    assert.equal(await next(), Status.NOT_SERVING);
    become("not_serving");
    become("serving");
    assert.equal(await next(), Status.SERVING);
    leave.abort();
    const error = await watch
      .next()
      .then(() => assert.fail("expected a failure"), ConnectError.from);
    assert.equal(error.code, Code.Canceled);
  });

  it("keeps the watch of an unknown service open", async () => {
    const { client } = stage();
    const leave = new AbortController();
    const watch = client
      .watch({ service: "b.B" }, { signal: leave.signal })
      [Symbol.asyncIterator]();
    assert.equal((await watch.next()).value?.status, Status.SERVICE_UNKNOWN);
    leave.abort();
    await assert.rejects(watch.next());
  });
});
