import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape, toBinary, toJson } from "@bufbuild/protobuf";
import { MessageSchema, type Part, PartSchema } from "@daphnia/protocol/message";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { elide, restore } from "./elide.ts";
import { textPart } from "./testing/bench-tool.ts";

const edge = 64 * 1024;

/** A blob store that also keeps what was only prepared. */
function openBlobs() {
  const { blobs } = openMemoryStore(() => 0);
  const kept = new Map<string, Uint8Array>();
  const store: typeof blobs = {
    ...blobs,
    async prepare(bytes) {
      const blob = await blobs.prepare(bytes);
      kept.set(blob.digest, bytes);
      return blob;
    },
  };
  const read = async (digest: string) => {
    const bytes = kept.get(digest);
    assert.ok(bytes, `${digest} was prepared`);
    return bytes;
  };
  return { store, read };
}

/** What an event keeps of parts, and what a model reads of them again. */
async function roundTripAll(parts: readonly Part[]) {
  const { store, read } = openBlobs();
  const { parts: short, blobs } = await elide(parts, store);
  return { short, blobs, whole: await restore(short, read) };
}

async function roundTrip(text: string) {
  const { short, blobs, whole } = await roundTripAll([textPart(text)]);
  return { part: short[0]!, whole: whole[0]!, prepared: blobs };
}

const partOf = (init: MessageInitShape<typeof PartSchema>) => create(PartSchema, init);
const bytes = (parts: readonly Part[]) =>
  toBinary(MessageSchema, create(MessageSchema, { parts: [...parts] })).length;
const plain = (parts: readonly Part[]) => parts.map((part) => toJson(PartSchema, part));

describe("elide", () => {
  it("keeps a text of 64 KiB as it is, and cuts one of a byte more", async () => {
    const fits = await roundTrip("x".repeat(edge));
    assert.equal(fits.part.full, undefined);
    assert.deepEqual(fits.prepared, []);
    const over = await roundTrip("x".repeat(edge + 1));
    assert.equal(over.part.full?.size, BigInt(edge + 1));
    assert.equal(over.part.elided, BigInt(edge + 1 - 2 * 8192));
    assert.equal(over.prepared.length, 1);
  });

  it("counts bytes, not characters", async () => {
    assert.equal((await roundTrip("é".repeat(edge / 2))).part.full, undefined);
    assert.notEqual((await roundTrip("é".repeat(edge / 2 + 1))).part.full, undefined);
  });

  for (const [name, text] of [
    ["two bytes", `a${"é".repeat(40_000)}`],
    ["three bytes", `ab${"€".repeat(30_000)}`],
    ["four bytes", `abc${"🦐".repeat(20_000)}`],
    ["a mark at the start", `\uFEFF${"x".repeat(edge)}`],
  ] as const) {
    it(`cuts on code points, and gives the same text again (${name})`, async () => {
      const { part, whole } = await roundTrip(text);
      const ends = part.kind.case === "text" ? part.kind.value : "";
      assert.equal(ends.includes("\uFFFD"), false);
      const left = new TextEncoder().encode(ends).length;
      assert.equal(Number(part.elided) + left, new TextEncoder().encode(text).length);
      assert.deepEqual(whole.kind, { case: "text", value: text });
      assert.equal(whole.full, undefined);
    });
  }

  it("cuts every sort of part that can be long, and gives each again whole", async () => {
    const long = `${"h".repeat(edge)}é`;
    const data = new TextEncoder().encode(long);
    const parts = [
      partOf({ kind: { case: "thinking", value: long }, providerData: new Uint8Array([1, 2]) }),
      partOf({
        kind: { case: "toolCall", value: { callId: "c", tool: "t", arguments: `"${long}"` } },
      }),
      partOf({ kind: { case: "opaque", value: { provider: "p", type: "x", data } } }),
      partOf({
        kind: { case: "toolResult", value: { callId: "c", parts: [textPart(long)] } },
      }),
      partOf({ kind: { case: "text", value: "signed" }, providerData: data }),
      partOf({ kind: { case: "source", value: { url: "https://example.org" } } }),
    ];
    const { short, whole, blobs } = await roundTripAll(parts);
    const sizes = short.map((part) => toBinary(PartSchema, part).length);
    assert.ok(Math.max(...sizes) < 17_000, String(sizes));
    assert.equal(blobs.length, 2, "same bytes are kept once");
    assert.equal(short[1]?.elided, BigInt(edge + 4 - 2 * 8192));
    assert.equal(short[4]?.fullProviderData?.size, BigInt(data.length));
    assert.deepEqual(plain(whole), plain(parts));
  });

  it("leaves alone what fits, to the byte, and moves the largest of what does not", async () => {
    const others = Array.from({ length: 31 }, (_, i) => textPart("x".repeat(30_000 + i)));
    const filled = (length: number) => [...others, textPart("y".repeat(length))];
    // Each part counts 5 bytes for its place in a message; the last has 4 bytes before its text.
    const taken = others.reduce((sum, part) => sum + toBinary(PartSchema, part).length + 5, 0);
    const length = (1024 - 72) * 1024 - taken - 5 - 4;
    assert.ok(length > 30_030 && length < edge, String(length));
    const fits = await roundTripAll(filled(length));
    assert.deepEqual(fits.blobs, []);
    const over = await roundTripAll(filled(length + 1));
    assert.deepEqual(
      over.short.flatMap(({ full }, i) => (full ? [i] : [])),
      [31],
    );
    assert.deepEqual(plain(over.whole), plain(filled(length + 1)));
  });

  it("fits thirty texts of 60 KiB, and keeps 8 KiB at each end of those it cuts", async () => {
    const parts = Array.from({ length: 30 }, (_, i) => textPart(`${i}`.padEnd(30 * 1024, "é")));
    const { short, whole } = await roundTripAll(parts);
    assert.ok(bytes(short) < 1024 * 1024);
    const cut = short.filter(({ full }) => full !== undefined);
    assert.ok(cut.length > 0 && cut.length < 30);
    for (const { kind } of cut) {
      assert.ok(kind.case === "text");
      assert.ok(Buffer.byteLength(kind.value) > 16_000);
    }
    assert.deepEqual(plain(whole), plain(parts));
  });

  it("fits a thousand calls of 10 kB, though little stays of each", async () => {
    const parts = Array.from({ length: 1000 }, (_, i) =>
      partOf({
        kind: {
          case: "toolCall",
          value: {
            callId: `call-${i}`,
            tool: "t",
            arguments: JSON.stringify([`${i}`.repeat(3000)]),
          },
        },
      }),
    );
    const { short, whole } = await roundTripAll(parts);
    assert.ok(bytes(short) < 1024 * 1024);
    assert.deepEqual(plain(whole), plain(parts));
  });

  it("does not cut again what is cut", async () => {
    const once = await roundTripAll([textPart("x".repeat(edge * 2))]);
    const others = Array.from({ length: 100 }, (_, i) => textPart(`${i}`.padEnd(15_000)));
    const twice = await elide([...once.short, ...others], openBlobs().store);
    assert.ok(twice.blobs.length > 0);
    assert.deepEqual(plain(twice.parts.slice(0, 1)), plain(once.short));
  });

  it("refuses what is too many parts for an event, with their number", async () => {
    const parts = Array.from({ length: 20_000 }, (_, i) => textPart(`${i}`.padStart(100)));
    await assert.rejects(elide(parts, openBlobs().store), {
      name: "DaemonError",
      refusal: "invalid_argument",
      message: "parts: must fit into the 1048576 bytes of an event, but 20000 parts are too many",
    });
  });
});
