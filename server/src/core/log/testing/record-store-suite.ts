import assert from "node:assert/strict";
import { describe } from "node:test";
import type { RecordChange } from "../event-store.ts";
import type { StoredRecord } from "../record-store.ts";
import { appendOf, bytesOf, itWith, type OpenStore } from "./opened-store.ts";

/** What every record store promises. */
export function recordStoreSuite(name: string, open: OpenStore): void {
  describe(`${name}: records`, () => {
    const it = itWith(open);

    it("changes records together with the event that says so", async ({ events, records }) => {
      await events.append(appendOf("a", 0, 1, { records: [change("x", 1, "one")] }));
      assert.deepEqual(show(await records.readRecord("agent", "x")), ["x", 1, "one"]);
      await events.append(appendOf("a", 1, 1, { records: [change("x", 2, "two")] }));
      assert.deepEqual(show(await records.readRecord("agent", "x")), ["x", 2, "two"]);
    });

    it("lists a kind by id", async ({ events, records }) => {
      const other = { ...change("x", 7, "other"), kind: "trigger" };
      const changes = [change("z", 1, "1"), change("b", 3, "2"), change("B", 1, "3"), other];
      await events.append(appendOf("a", 0, 1, { records: changes }));
      assert.deepEqual((await records.listRecords("agent")).map(show), [
        ["B", 1, "3"],
        ["b", 3, "2"],
        ["z", 1, "1"],
      ]);
      assert.deepEqual(await records.listRecords("nothing"), []);
    });

    it("removes a record, and may have it again", async ({ events, records }) => {
      await events.append(appendOf("a", 0, 1, { records: [change("x", 1, "one")] }));
      const gone = { kind: "agent", id: "x", revision: 2 };
      await events.append(appendOf("a", 1, 1, { records: [gone] }));
      assert.equal(await records.readRecord("agent", "x"), undefined);
      assert.deepEqual(await records.listRecords("agent"), []);
      await events.append(appendOf("a", 2, 1, { records: [change("x", 3, "back")] }));
      assert.deepEqual(show(await records.readRecord("agent", "x")), ["x", 3, "back"]);
    });

    it("keeps an empty value", async ({ events, records }) => {
      await events.append(appendOf("a", 0, 1, { records: [change("x", 1, "")] }));
      assert.deepEqual(show(await records.readRecord("agent", "x")), ["x", 1, ""]);
    });
  });
}

function change(id: string, revision: number, value: string): RecordChange {
  return { kind: "agent", id, revision, value: bytesOf(value) };
}

function show(record: StoredRecord | undefined) {
  return record && [record.id, record.revision, new TextDecoder().decode(record.value)];
}
