import assert from "node:assert/strict";
import {
  appendOf,
  bytesOf,
  itWith,
  nameOf,
  type OpenStore,
  readAll,
  readWholeSession,
} from "./opened-store.ts";

const head = { value: bytesOf("head"), unfinished: true };
const piece = {
  index: 0,
  part: 0,
  offset: 0,
  total: 0,
  delay: 0,
  isStart: false,
  bytes: bytesOf("text"),
};

/** What every event store promises of deleting a session. */
export function deletionSuite(open: OpenStore): void {
  const it = itWith(open);

  it("removes all of a session and tells it in another", async ({ events }) => {
    await events.append(appendOf("daemon", 0));
    await events.append(appendOf("a", 0, 2, { head }));
    await events.append(appendOf("b", 0, 1, { head }));
    await events.appendDraft({ draftId: "d", sessionId: "a", turnId: "t", step: 1 }, [piece]);
    const told: string[] = [];
    events.onCommit((committed) => told.push(...committed.map(nameOf)));
    await events.deleteSession("a", appendOf("daemon", 1));
    assert.deepEqual(told, ["5 daemon/2"]);
    assert.deepEqual(await readAll(events), ["1 daemon/1", "4 b/1", "5 daemon/2"]);
    assert.deepEqual(await readWholeSession(events, "a"), []);
    assert.equal(await events.readHead("a"), undefined);
    assert.equal((await events.listHeads(Number.MAX_SAFE_INTEGER, 9)).length, 1);
    assert.deepEqual(await events.unfinished(), ["b"]);
    assert.deepEqual(await events.openDrafts("a"), []);
    assert.deepEqual((await events.readDraft("d", 0, 0)).pieces, []);
    assert.equal(await events.seqAt("a", 99), 0);
  });

  it("keeps the id taken", async ({ events }) => {
    await events.append(appendOf("daemon", 0));
    await events.append(appendOf("a", 0));
    await events.deleteSession("a", appendOf("daemon", 1));
    assert.equal(await events.sessionState("a"), "deleted");
    assert.deepEqual(await events.idsLike("a"), []);
    const refusal = { name: "DaemonError", refusal: "not_found" };
    await assert.rejects(events.append(appendOf("a", 0)), refusal);
    await assert.rejects(events.append(appendOf("a", 1)), refusal);
    const name = { draftId: "d", sessionId: "a", turnId: "t", step: 1 };
    await assert.rejects(events.appendDraft(name, [piece]), refusal);
  });

  it("never uses a position again, also after the newest session is gone", async ({ events }) => {
    await events.append(appendOf("daemon", 0));
    await events.append(appendOf("a", 0, 5));
    await events.deleteSession("a", appendOf("daemon", 1));
    await events.append(appendOf("b", 0));
    assert.deepEqual(await readAll(events), ["1 daemon/1", "7 daemon/2", "8 b/1"]);
  });

  it("deletes nothing when the announcement is refused", async ({ events }) => {
    await events.append(appendOf("daemon", 0));
    await events.append(appendOf("a", 0, 2, { head }));
    const refusal = { name: "DaemonError", refusal: "aborted" };
    await assert.rejects(events.deleteSession("a", appendOf("daemon", 0)), refusal);
    assert.equal(await events.sessionState("a"), "live");
    assert.deepEqual(await readWholeSession(events, "a"), ["2 a/1", "3 a/2"]);
    assert.deepEqual(await events.unfinished(), ["a"]);
  });

  it("gives blobs that it alone named a day", async ({ events, blobs, later }) => {
    await events.append(appendOf("daemon", 0));
    const shared = await blobs.prepare(bytesOf("shared"));
    const own = await blobs.prepare(bytesOf("own"));
    await events.append(appendOf("a", 0, 1, { blobs: [shared, own] }));
    await events.append(appendOf("b", 0, 1, { blobs: [shared] }));
    later(48);
    await events.deleteSession("a", appendOf("daemon", 1));
    assert.equal(await blobs.sweep(), 0);
    later(25);
    assert.equal(await blobs.sweep(), 1);
    assert.equal(await blobs.read(own.digest, 0, 9), undefined);
    assert.equal((await blobs.read(shared.digest, 0, 9))?.size, 6);
  });
}
