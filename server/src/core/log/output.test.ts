import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { type Delta, PartKind } from "@daphnia/protocol/event";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import type { BlobStore } from "./blob-store.ts";
import { createDraftReader } from "./draft-reader.ts";
import { settleLeftOutput } from "./left-output.ts";
import { everything } from "./selection.ts";
import { createLogBench } from "./testing/log-bench.ts";
import { unpackCadence } from "./testing/unpack-cadence.ts";

const name = { draftId: "call-1", sessionId: "a", turnId: "turn-1", step: 1, tool: "bash" };
const context = { agent: "coder", labels: {} };
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("openOutput", () => {
  it("tells bytes as they are, behind a start that names call and tool", async () => {
    const { log, output, reader } = openBench();
    const bytes = Uint8Array.of(0xff, 0, 0xe2, 0x82); // no text
    await output.print(bytes);
    await drained(log);
    const [start, more] = (await reader.read(1000)).deltas;
    assert.equal(start?.piece.case, "start");
    const { kind, callId, tool } = startOf(start);
    assert.deepEqual(
      { kind, callId, tool },
      { kind: PartKind.OUTPUT, callId: "call-1", tool: "bash" },
    );
    assert.deepEqual(more?.piece, { case: "data", value: bytes });
  });

  it("tells one who is late the start, and then the tail", async () => {
    const { log, output, reader } = openBench({ draftTailBytes: 100_000 });
    for (let i = 0; i < 20; i++) await output.print(new Uint8Array(32 * 1024).fill(i));
    await drained(log);
    const { deltas } = await reader.read(10_000_000);
    assert.equal(deltas[0]?.piece.case, "start");
    const size = 20 * 32 * 1024;
    const first = Number(deltas[1]?.offset);
    assert.ok(first > 0 && size - first <= 100_000, `begins at ${first}`);
    let end = first;
    for (const { offset, piece } of deltas.slice(1)) {
      assert.equal(Number(offset), end);
      assert.ok(piece.case === "data" && piece.value.length <= 32 * 1024);
      end += piece.value.length;
    }
    assert.equal(end, size);
  });

  it("jumps forward with one who fell behind, and keeps nothing in the draft table", async () => {
    const { log, output, reader } = openBench({ draftTailBytes: 1000 });
    await output.print(bytesOf("abc"));
    await drained(log);
    (await reader.read(1000)).told();
    for (let i = 0; i < 9; i++) {
      await output.print(new Uint8Array(500));
      await drained(log);
    }
    const { deltas, told } = await reader.read(10_000);
    told();
    assert.ok(Number(deltas[0]?.offset) > 3);
    assert.equal(deltas[0]?.piece.case, "data");
    assert.equal(reader.hasMore(), false);
    assert.deepEqual(await log.store.openDrafts("a"), []);
  });

  it("is a blob at its close, and over with the event that settles it", async () => {
    const { log, blobs, commit, output } = openBench();
    const bytes = new Uint8Array(300_000).fill(7);
    await output.print(bytes);
    const { blob, cadence } = await output.close();
    assert.ok(blob !== undefined);
    assert.equal(blob.digest, createHash("sha256").update(bytes).digest("hex"));
    assert.equal(sum(unpackCadence(cadence).map((beat) => beat.bytes)), 300_000);
    await output.print(bytesOf("too late"));
    await commit("a", 1, { settles: ["call-1"], blobs: [blob] });
    assert.deepEqual([...log.drafts()], []);
    assert.equal(await blobs.readOutput("call-1", 0, 9), undefined);
    assert.equal((await blobs.read(blob.digest, 0, 9))?.size, 300_000);
  });

  it("has no blob where nothing was printed", async () => {
    const { output } = openBench();
    await output.print(new Uint8Array());
    const { blob, cadence } = await output.close();
    assert.deepEqual([blob, cadence.length], [undefined, 0]);
  });

  it("lets whoever prints wait while the file is over 256 KiB behind", async () => {
    const gate = Promise.withResolvers<void>();
    const { output } = openBench({ before: () => gate.promise });
    await output.print(new Uint8Array(256 * 1024)); // resolves: that much may wait
    let isThrough = false;
    const more = output.print(new Uint8Array(1)).then(() => {
      isThrough = true;
    });
    await new Promise(setImmediate);
    assert.equal(isThrough, false);
    gate.resolve();
    await more;
  });

  it("tries again what the file could not take", async () => {
    let failures = 2;
    const { output } = openBench({
      async before() {
        if (failures-- > 0) throw new Error("no space");
      },
    });
    await output.print(bytesOf("ab"));
    await new Promise(setImmediate);
    await assert.rejects(output.close(), /no space/);
    const { blob } = await output.close();
    assert.equal(blob?.digest, createHash("sha256").update("ab").digest("hex"));
  });

  it("packs a cadence of at most 64 KiB", async () => {
    const { output, clock } = openBench();
    for (let i = 0; i < 20_000; i++) {
      await output.print(Uint8Array.of(1));
      clock.advance(20);
    }
    const { cadence } = await output.close();
    assert.ok(cadence.length <= 64 * 1024);
    const beats = unpackCadence(cadence);
    assert.equal(sum(beats.map((beat) => beat.bytes)), 20_000);
    assert.ok(beats.length > 2000);
  });
});

describe("settleLeftOutput", () => {
  it("has the blob and its last 4 KiB, from a whole code point on", async () => {
    const { blobs } = openMemoryStore();
    await blobs.openOutput("call-2").append(bytesOf("€".repeat(3000)));
    const left = await settleLeftOutput("call-2", { blobs });
    assert.equal(left?.blob.size, 9000);
    assert.equal(left?.tail, "€".repeat(1365));
    assert.equal(await settleLeftOutput("call-3", { blobs }), undefined);
  });
});

function openBench(options: { draftTailBytes?: number; before?: () => Promise<void> } = {}) {
  const store = openMemoryStore();
  const { before = async () => {}, ...sizes } = options;
  const blobs: BlobStore = {
    ...store.blobs,
    openOutput(callId) {
      const file = store.blobs.openOutput(callId);
      return {
        finish: file.finish,
        async append(bytes) {
          await before();
          await file.append(bytes);
        },
      };
    },
  };
  const bench = createLogBench(store.events, { ...sizes, blobs });
  const output = bench.log.openOutput(name, context);
  return { ...bench, blobs, output, reader: createDraftReader(bench.log, everything, new Map()) };
}

async function drained(log: ReturnType<typeof createLogBench>["log"]): Promise<void> {
  for (const shown of log.drafts()) await shown.flushed();
}

function startOf(delta: Delta | undefined) {
  if (delta?.piece.case !== "start") throw new Error("no start");
  return delta.piece.value;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
