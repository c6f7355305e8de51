import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { PrincipalSchema } from "@daphnia/protocol/principal";
import { CancelTurnRequestSchema, SessionService } from "@daphnia/protocol/session_service";
import { createLog } from "../core/log/log.ts";
import { createManualClock } from "../core/log/testing/manual-clock.ts";
import { appendOf } from "../core/log/testing/opened-store.ts";
import type { Command } from "../core/session/command.ts";
import { openMemoryStore } from "../plugins/memory/memory-store.ts";
import { createOnce } from "./once.ts";

const method = SessionService.method.cancelTurn;
const by = create(PrincipalSchema, { id: "me" });

function openBench(store = openMemoryStore(() => 0)) {
  const log = createLog({
    store: store.events,
    blobs: store.blobs,
    clock: createManualClock(),
    tailBytes: 1e6,
    draftTailBytes: 1e6,
  });
  const once = createOnce(log);
  let runs = 0;
  return {
    store,
    runs: () => runs,
    /** Does the write, which answers how often it was done; one that `fails` commits nothing. */
    async write(requestId: string, sessionId = "s", gate?: Promise<void>, fails = false) {
      const request = create(CancelTurnRequestSchema, { requestId, sessionId });
      const { answer, before } = await once(method, request, {
        by,
        async run({ keep }: Command<string>) {
          const result = String(++runs);
          await gate;
          if (fails) throw new Error("no luck");
          const head = log.head();
          await log.append(appendOf("s", head, 1, keep ? { request: keep(result) } : {}));
          return result;
        },
        answer: (turnId) => ({ turnId }),
      });
      return [answer.turnId, before];
    },
  };
}

describe("once", () => {
  it("gives the first answer again, also after a restart", async () => {
    const { write, store } = openBench();
    const [id, other] = [randomUUID(), randomUUID()];
    assert.deepEqual(await write(id), ["1", 0]);
    assert.deepEqual(await write(other), ["2", 1]);
    assert.deepEqual(await write(id), ["1", 0]);
    const restarted = openBench(store);
    assert.deepEqual(await restarted.write(id), ["1", 0]);
    assert.equal(restarted.runs(), 0);
  });

  it("refuses other bytes under the same id, and ids that are none", async () => {
    const { write } = openBench();
    const id = randomUUID();
    await write(id);
    await assert.rejects(write(id, "other"), {
      detail: { reason: "REQUEST_ID_REUSED", metadata: { request_id: id } },
    });
    await assert.rejects(write("1"), { refusal: "invalid_argument" });
  });

  it("waits for the first while that is in flight", async () => {
    const { write, runs } = openBench();
    const id = randomUUID();
    const gate = Promise.withResolvers<void>();
    const all = [write(id, "s", gate.promise), write(id), write(id)];
    await new Promise(setImmediate);
    gate.resolve();
    assert.deepEqual(await Promise.all(all), [
      ["1", 0],
      ["1", 0],
      ["1", 0],
    ]);
    assert.equal(runs(), 1);
  });

  it("lets a failed first attempt be tried again, by one who waited too", async () => {
    const { write, runs } = openBench();
    const id = randomUUID();
    const gate = Promise.withResolvers<void>();
    const failed = write(id, "s", gate.promise, true);
    const waited = write(id);
    gate.resolve();
    await assert.rejects(failed, /no luck/);
    assert.deepEqual(await waited, ["2", 0]);
    assert.equal(runs(), 2);
  });

  it("does a write without an id each time", async () => {
    const { write, runs } = openBench();
    await write("");
    await write("");
    assert.equal(runs(), 2);
  });
});
