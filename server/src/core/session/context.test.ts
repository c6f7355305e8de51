import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "@daphnia/protocol/message";
import { createBenchTool, textPart } from "../agent/testing/bench-tool.ts";
import { calls, says } from "../model/testing/played-model.ts";
import { createContext } from "./context.ts";
import { openSessionBench, say } from "./testing/session-bench.ts";

/** What each message says: its texts, and those inside of its results. */
const textsOf = (messages: readonly Message[]) =>
  messages.map(({ parts }) =>
    parts
      .map(({ kind }) => {
        if (kind.case === "toolResult")
          return kind.value.parts.map((part) => part.kind.value).join();
        return kind.case === "toolCall" ? kind.value.tool : String(kind.value);
      })
      .join(),
  );

const decode = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

describe("a session's context", () => {
  it("knows what is committed when it is asked, each time", async () => {
    const bench = await openSessionBench({ plays: [says("one"), says("two")] });
    const session = await bench.open();
    const context = createContext("a", bench.deps);
    assert.deepEqual(await context.messages(), []);
    await say(session, "1");
    await bench.until("COMPLETED");
    assert.deepEqual(textsOf(await context.messages()), ["1", "one"]);
    await say(session, "2");
    await bench.until("COMPLETED", "a", 2);
    assert.deepEqual(textsOf(await context.messages()), ["1", "one", "2", "two"]);
    const fresh = createContext("a", bench.deps);
    assert.deepEqual(await fresh.messages(), await context.messages());
    await bench.close();
  });

  it("has whole texts where events hold only their ends, and of a result what its model reads", async () => {
    const [asked, found, said] = ["a", "b", "c"].map((letter) => letter.repeat(100_000));
    const run = async () => ({ parts: [textPart(found!)], isError: false });
    const bench = await openSessionBench({
      plays: [calls("find"), says(said!)],
      tools: [createBenchTool("find", { run })],
    });
    await say(await bench.open(), asked!);
    await bench.until("COMPLETED");
    const messages = await createContext("a", bench.deps).messages();
    const [first, tool, read, last] = textsOf(messages);
    assert.deepEqual([first, tool, last], [asked, "find", said]);
    const note =
      /^b{24576}\n\[… 50848 bytes are left out here\. All of it .* "blob:([0-9a-f]{64})" …\]\nb{24576}$/;
    const digest = note.exec(read ?? "")?.[1] ?? "";
    const whole = await bench.store.blobs.read(digest, 0, 200_000);
    assert.equal(Buffer.from(whole?.bytes ?? []).toString(), found);
    const stored = JSON.stringify(textsOf(messages)).length;
    const events = await bench.store.events.readSession("a", 0, 1000);
    assert.ok(events.reduce((sum, { bytes }) => sum + bytes.length, 0) < stored / 2);
    await bench.close();
  });

  it("says which blob is missing", async () => {
    const bench = await openSessionBench({ plays: [says("x".repeat(100_000))] });
    await say(await bench.open(), "go");
    await bench.until("COMPLETED");
    const blobs = { ...bench.deps.blobs, read: async () => undefined };
    const context = createContext("a", { ...bench.deps, blobs });
    await assert.rejects(context.messages(), /^Error: blob [0-9a-f]+ is missing$/);
    await bench.close();
  });

  it("finds the last request in the log, to the byte, unless it was handed one", async () => {
    const bench = await openSessionBench({ plays: [calls("none"), says("so")] });
    const session = await bench.open();
    const context = createContext("a", bench.deps);
    assert.equal(await context.lastRequest(), undefined);
    await say(session, "go");
    await bench.until("COMPLETED");
    const found = await context.lastRequest();
    assert.match(decode(found?.body) ?? "", /go/);
    assert.match(decode(found?.body) ?? "", /none/, "the second step's, not the first's");
    assert.equal(found?.depth, 1);
    const kept = { digest: "d", body: new Uint8Array([1]), depth: 7 };
    context.keepRequest(kept);
    assert.equal(await context.lastRequest(), kept);
    context.rest();
    assert.deepEqual(await context.lastRequest(), found);
    await bench.close();
  });
});
