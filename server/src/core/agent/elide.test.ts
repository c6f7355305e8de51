import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import { openMemoryStore } from "../../plugins/memory/memory-store.ts";
import { elide, restore } from "./elide.ts";
import { textPart } from "./testing/bench-tool.ts";

const edge = 64 * 1024;

/** What an event keeps of a text, and what a model reads of it again. */
async function roundTrip(text: string) {
  const { blobs } = openMemoryStore(() => 0);
  const kept = new Map<string, Uint8Array>();
  const { parts, blobs: prepared } = await elide([textPart(text)], {
    ...blobs,
    async prepare(bytes) {
      const blob = await blobs.prepare(bytes);
      kept.set(blob.digest, bytes);
      return blob;
    },
  });
  const [whole] = await restore(parts, async (digest) => kept.get(digest) ?? new Uint8Array());
  const [part] = parts;
  return { part: part!, whole: whole!, prepared };
}

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

  it("cuts long thinking too, and keeps what is the provider's", async () => {
    const { blobs } = openMemoryStore(() => 0);
    const providerData = new Uint8Array([1, 2]);
    const kind = { case: "thinking", value: "h".repeat(edge * 2) } as const;
    const { parts } = await elide([create(PartSchema, { kind, providerData })], blobs);
    assert.equal(parts[0]?.kind.case, "thinking");
    assert.deepEqual(parts[0]?.providerData, providerData);
  });
});
