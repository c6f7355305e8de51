import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe } from "node:test";
import type { BlobStore } from "../blob-store.ts";
import { appendOf, bytesOf, itWith, type OpenStore } from "./opened-store.ts";

const sizes = [0, 1, 64 * 1024, 64 * 1024 + 1, 300_000];
const invalid = { name: "DaemonError", refusal: "invalid_argument" };

/** What every blob store promises. */
export function blobStoreSuite(name: string, open: OpenStore): void {
  describe(`${name}: blobs`, () => prepareSuite(open));
  describe(`${name}: uploads`, () => uploadSuite(open));
  describe(`${name}: outputs`, () => outputSuite(open));
}

function prepareSuite(open: OpenStore): void {
  const it = itWith(open);

  it("has a blob from the moment its event is visible", async ({ events, blobs }) => {
    for (const [i, size] of sizes.entries()) {
      const bytes = noise(size);
      const prepared = await blobs.prepare(bytes);
      assert.equal(prepared.digest, digestOf(bytes));
      assert.equal(prepared.size, size);
      assert.equal(await blobs.read(prepared.digest, 0, 9), undefined);
      await events.append(appendOf("a", i, 1, { blobs: [prepared] }));
      assert.equal(await readDigest(blobs, prepared.digest), digestOf(bytes));
    }
  });

  it("reads any part of a blob", async ({ events, blobs }) => {
    for (const [i, size] of [1000, 100_000].entries()) {
      const bytes = noise(size);
      const { digest } = await keep(i, bytes);
      const part = async (offset: number, limit: number) => {
        const found = await blobs.read(digest, offset, limit);
        return found && { bytes: Uint8Array.from(found.bytes), size: found.size };
      };
      assert.deepEqual(await part(10, 20), { bytes: bytes.slice(10, 30), size });
      assert.deepEqual(await part(size - 5, 20), { bytes: bytes.slice(-5), size });
      assert.deepEqual(await part(size, 20), { bytes: new Uint8Array(), size });
      assert.deepEqual(await part(size + 5, 20), { bytes: new Uint8Array(), size });
      assert.deepEqual(await part(0, 0), { bytes: new Uint8Array(), size });
    }
    async function keep(seq: number, bytes: Uint8Array) {
      const prepared = await blobs.prepare(bytes);
      await events.append(appendOf("a", seq, 1, { blobs: [prepared] }));
      return prepared;
    }
  });

  it("knows no other digest", async ({ blobs }) => {
    assert.equal(await blobs.read(digestOf(bytesOf("never")), 0, 9), undefined);
    assert.equal(await blobs.read("../../etc/passwd", 0, 9), undefined);
  });

  it("keeps the same bytes once, also when they are prepared side by side", async (given) => {
    const { events, blobs } = given;
    const bytes = noise(100_000);
    const prepared = await Promise.all([1, 2, 3, 4].map(() => blobs.prepare(bytes)));
    assert.equal(new Set(prepared.map(({ digest }) => digest)).size, 1);
    await events.append(appendOf("a", 0, 1, { blobs: prepared }));
    assert.equal(await readDigest(blobs, prepared[0]?.digest ?? ""), digestOf(bytes));
  });

  it("removes what nothing has named for a day", async ({ events, blobs, later }) => {
    const named = await blobs.prepare(noise(100_000));
    await events.append(appendOf("a", 0, 1, { blobs: [named] }));
    await blobs.prepare(noise(200_000)); // prepared, and then its event never came
    const small = await blobs.upload("u1", 0, noise(10), true);
    const large = await blobs.upload("u2", 0, noise(150_000), true);
    assert.equal(await blobs.sweep(), 0);
    later(25);
    assert.equal(await blobs.sweep(), 3);
    assert.equal(await blobs.read(small.digest ?? "", 0, 9), undefined);
    assert.equal(await blobs.read(large.digest ?? "", 0, 9), undefined);
    assert.equal((await blobs.read(named.digest, 0, 9))?.size, 100_000);
    assert.equal(await blobs.sweep(), 0);
  });

  it("does not sweep what was promised again", async ({ events, blobs, later }) => {
    for (const [i, size] of [10, 100_000].entries()) {
      const bytes = noise(size);
      await blobs.upload(`u${i}`, 0, bytes, true);
      later(25);
      const [prepared] = await Promise.all([blobs.prepare(bytes), blobs.sweep()]);
      await events.append(appendOf("a", i, 1, { blobs: [prepared] }));
      await blobs.sweep();
      assert.equal(await readDigest(blobs, prepared.digest), digestOf(bytes));
    }
  });
}

function uploadSuite(open: OpenStore): void {
  const it = itWith(open);

  it("puts the pieces of an upload together", async ({ blobs }) => {
    for (const size of sizes) {
      const bytes = noise(size);
      const third = Math.floor(size / 3);
      const id = `up-${size}`;
      assert.deepEqual(await blobs.upload(id, 0, bytes.subarray(0, third), false), { size: third });
      await blobs.upload(id, third, bytes.subarray(third, 2 * third), false);
      const last = await blobs.upload(id, 2 * third, bytes.subarray(2 * third), true);
      assert.deepEqual(last, { size, digest: digestOf(bytes) });
      assert.equal(await readDigest(blobs, digestOf(bytes)), digestOf(bytes));
    }
  });

  it("answers a retried last piece as before", async ({ blobs }) => {
    for (const size of [10, 100_000]) {
      const bytes = noise(size);
      const send = () => blobs.upload(`up-${size}`, 0, bytes, true);
      const answers = [...(await Promise.all([send(), send()])), await send()];
      assert.deepEqual(answers, Array(3).fill({ size, digest: digestOf(bytes) }));
    }
  });

  it("takes a piece again that may not have arrived", async ({ blobs }) => {
    await blobs.upload("up", 0, bytesOf("abc"), false);
    assert.deepEqual(await blobs.upload("up", 0, bytesOf("abc"), false), { size: 3 });
    assert.deepEqual(await blobs.upload("up", 1, bytesOf("b"), false), { size: 3 });
    const { digest } = await blobs.upload("up", 3, bytesOf("d"), true);
    assert.equal(digest, digestOf(bytesOf("abcd")));
  });

  it("refuses a piece that leaves a hole, and an id that is none", async ({ blobs }) => {
    await blobs.upload("up", 0, bytesOf("abc"), false);
    await assert.rejects(blobs.upload("up", 4, bytesOf("x"), false), invalid);
    await assert.rejects(blobs.upload("../up", 0, bytesOf("x"), true), invalid);
    const { digest } = await blobs.upload("up", 3, bytesOf(""), true);
    assert.equal(digest, digestOf(bytesOf("abc")));
  });
}

function outputSuite(open: OpenStore): void {
  const it = itWith(open);

  it("reads an output while it grows, and has it as a blob with its event", async (given) => {
    const { events, blobs } = given;
    for (const [i, size] of sizes.filter((size) => size > 0).entries()) {
      const bytes = noise(size);
      const id = `call-${size}`;
      const output = blobs.openOutput(id);
      const half = Math.ceil(size / 2);
      await output.append(bytes.subarray(0, half));
      assert.equal((await blobs.readOutput(id, 0, 1))?.size, half);
      if (half < size) await output.append(bytes.subarray(half));
      const part = await blobs.readOutput(id, size - 1, 9);
      assert.deepEqual(part && [[...part.bytes], part.size], [[bytes[size - 1]], size]);
      const blob = await output.finish();
      assert.deepEqual([blob.digest, blob.size], [digestOf(bytes), size]);
      await events.append(appendOf("a", i, 1, { blobs: [blob] }));
      await blobs.dropOutput(id);
      assert.equal(await blobs.readOutput(id, 0, 9), undefined);
      assert.equal(await blobs.leftOutput(id), undefined);
      assert.equal(await readDigest(blobs, blob.digest), digestOf(bytes));
    }
  });

  it("has what is left, whether it was finished or not, until it is dropped", async ({ blobs }) => {
    for (const size of [10, 100_000]) {
      const id = `call-${size}`;
      const output = blobs.openOutput(id);
      await output.append(noise(size));
      assert.equal((await blobs.leftOutput(id))?.digest, digestOf(noise(size)));
      await output.finish();
      assert.equal((await blobs.leftOutput(id))?.digest, digestOf(noise(size)));
    }
    assert.equal(await blobs.leftOutput("never"), undefined);
    assert.equal(await blobs.readOutput("../../daphnia.db", 0, 9), undefined);
  });

  it("begins anew without a change to the blob of an earlier run", async ({ events, blobs }) => {
    const first = blobs.openOutput("call");
    await first.append(noise(100_000));
    const blob = await first.finish();
    await events.append(appendOf("a", 0, 1, { blobs: [blob] }));
    const second = blobs.openOutput("call");
    await second.append(bytesOf("new"));
    assert.equal((await blobs.readOutput("call", 0, 9))?.size, 3);
    assert.equal(await readDigest(blobs, blob.digest), digestOf(noise(100_000)));
  });

  it("does not sweep an output that is being written", async ({ blobs, later }) => {
    const output = blobs.openOutput("call");
    await output.append(bytesOf("abc"));
    later(25);
    await blobs.sweep();
    assert.equal((await blobs.readOutput("call", 0, 9))?.size, 3);
  });
}

/** The digest of what is kept: bytes in their thousands make no readable difference. */
async function readDigest(blobs: BlobStore, digest: string): Promise<string | undefined> {
  const found = await blobs.read(digest, 0, 1024 * 1024);
  return found && digestOf(found.bytes);
}

/** Bytes that look random and are the same in every run. */
function noise(size: number): Uint8Array {
  let state = size + 1;
  return Uint8Array.from({ length: size }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state & 255;
  });
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
