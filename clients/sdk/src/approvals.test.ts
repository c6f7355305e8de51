import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { createRouterTransport } from "@connectrpc/connect";
import { ApprovalService } from "@daphnia/protocol/approval_service";
import { EventSchema } from "@daphnia/protocol/event";
import { EventService, type WatchRequest } from "@daphnia/protocol/event_service";
import { watchApprovals } from "./approvals.ts";
import { createDaphnia } from "./client.ts";

type Body = NonNullable<Parameters<typeof create<typeof EventSchema>>[1]>["body"];

const approval = (id: string, turnId = "t") => ({ id, turnId, sessionId: "s" });
const requested = (id: string): Body => ({
  case: "approvalRequested",
  value: { approval: approval(id) },
});
const resolved = (approvalId: string): Body => ({
  case: "approvalResolved",
  value: { approvalId },
});

/** A daemon that lists these approvals and tells these events, one connection after the other. */
function daemonOf(listed: readonly string[], connections: readonly (readonly Body[])[]) {
  const requests: WatchRequest[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(ApprovalService, {
      listApprovals: () => ({ approvals: listed.map((id) => approval(id)), cursor: "c.1" }),
    });
    service(EventService, {
      async *watch(request) {
        const bodies = connections[requests.length] ?? [];
        requests.push(request);
        for (const [i, body] of bodies.entries()) {
          const event = create(EventSchema, { turnId: "t", ...(body && { body }) });
          yield { cursor: `c.${requests.length}${i}`, events: [event] };
        }
      },
    });
  });
  return { client: createDaphnia(transport), requests };
}

describe("watchApprovals", () => {
  it("tells what waits, after each change, over a cut in between", async () => {
    const { client, requests } = daemonOf(
      ["a"],
      [
        [requested("b"), requested("b")],
        [resolved("a"), resolved("gone"), { case: "turnFinished", value: {} }],
      ],
    );
    const told: string[] = [];
    for await (const { approvals, events } of watchApprovals(client)) {
      told.push(`${approvals.map(({ id }) => id).join(" ")} (${events.length})`);
      if (told.length === 4) break;
    }
    assert.deepEqual(told, ["a (0)", "a b (1)", "b (1)", " (1)"]);
    assert.deepEqual(
      requests.map(({ from }) => from.value),
      ["c.1", "c.11"],
    );
  });
});
