import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { createLog, deltaBell, eventBell } from "./log.ts";
import { createLogBench, turnsOf } from "./testing/log-bench.ts";
import { createManualClock } from "./testing/manual-clock.ts";

const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
const context = { agent: "coder", labels: {} };
const never = new AbortController().signal;

describe("createLog", () => {
  it("has an event in its tail and its drafts closed before the writer hears of it (G1)", async () => {
    const { events, blobs } = openMemoryStore();
    const clock = createManualClock();
    const log = createLog({ store: events, blobs, clock, tailBytes: 1e6, draftTailBytes: 1e6 });
    await log.append(turnsOf("a", 0, 1));
    const draft = log.openDraft(name, context);
    draft.write(0, "text");
    await draft.flushed();
    const ears = [eventBell("a"), eventBell(), eventBell("b"), deltaBell("a")].map((key) =>
      log.bells.listen([key], never),
    );
    const seen: unknown[] = [];
    const append = events.append;
    Object.assign(events, {
      async append(batch: Parameters<typeof append>[0]) {
        const waits = ears.map((ear) => ear.wait(10));
        await append(batch);
        seen.push(log.tail.after(0, 9)?.length, [...log.drafts()], log.head());
        clock.advance(10);
        await Promise.all(waits);
        seen.push(ears.map((ear) => ear.wakes));
      },
    });
    await log.append({ ...turnsOf("a", 1, 2), settles: ["d"] });
    assert.deepEqual(seen, [3, [], 3, [1, 1, 0, 0]]);
    for (const ear of ears) ear.close();
  });

  it("lets the store take all of a draft before the event that settles it", async () => {
    const { events } = openMemoryStore();
    const order: string[] = [];
    const { append, appendDraft } = events;
    Object.assign(events, {
      append: (...given: Parameters<typeof append>) =>
        append(...given).then(() => order.push("event")),
      appendDraft: (...given: Parameters<typeof appendDraft>) =>
        appendDraft(...given).then(() => order.push(`${given[1].length} pieces`)),
    });
    const { log, commit } = createLogBench(events);
    await commit("a");
    const draft = log.openDraft(name, context);
    draft.write(0, "one");
    draft.write(0, "two");
    await commit("a", 1, { settles: ["d"] });
    assert.deepEqual(order, ["event", "2 pieces", "event"]);
    assert.deepEqual(await events.openDrafts("a"), []);
  });

  it("keeps a draft open when the event that would settle it is refused", async () => {
    const { log, commit } = createLogBench(openMemoryStore().events);
    await commit("a");
    const draft = log.openDraft(name, context);
    draft.write(0, "one");
    const refused = log.append({ ...turnsOf("a", 7, 1), settles: ["d"] });
    await assert.rejects(refused, { refusal: "aborted" });
    assert.deepEqual([...log.drafts()], [draft]);
    await commit("a", 7); // the refused place, settled by nobody
    assert.deepEqual([...log.drafts()], [draft]);
  });

  it("rings the bells of a draft's session when pieces are shown", async () => {
    const { log, commit, clock } = createLogBench(openMemoryStore().events);
    await commit("a");
    const ears = [deltaBell("a"), deltaBell(), deltaBell("b")].map((key) =>
      log.bells.listen([key], never),
    );
    const waits = Promise.all(ears.map((ear) => ear.wait(10)));
    const draft = log.openDraft(name, context);
    draft.write(0, "one");
    await draft.flushed();
    clock.advance(10);
    await waits;
    assert.deepEqual(
      ears.map((ear) => ear.wakes),
      [1, 1, 0],
    );
    for (const ear of ears) ear.close();
  });

  it("drops a deleted session's tail and drafts", async () => {
    const { log, commit } = createLogBench(openMemoryStore().events);
    for (const sessionId of ["daemon", "a", "b"]) await commit(sessionId);
    log.openDraft(name, context);
    const other = log.openDraft({ ...name, draftId: "e", sessionId: "b" }, context);
    await log.deleteSession("a", turnsOf("daemon", 1, 1));
    const held = log.tail.after(0, 9)?.map(({ sessionId, seq }) => `${sessionId}/${seq}`);
    assert.deepEqual(held, ["daemon/1", "b/1", "daemon/2"]);
    assert.deepEqual([...log.drafts()], [other]);
  });
});
