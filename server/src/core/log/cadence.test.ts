import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { packCadence } from "./cadence.ts";
import { unpackCadence } from "./testing/unpack-cadence.ts";

describe("packCadence", () => {
  it("is read back as it was", () => {
    const beats = [
      { part: 0, bytes: 0, delay: 0 },
      { part: 1, bytes: 127, delay: 128 },
      { part: 300, bytes: 16_384, delay: 2 ** 40 + 5 },
    ];
    assert.deepEqual(unpackCadence(packCadence(beats)), beats);
    assert.deepEqual(unpackCadence(packCadence([])), []);
  });

  it("takes three bytes for a small beat", () => {
    const packed = packCadence([{ part: 1, bytes: 4, delay: 127 }]);
    assert.deepEqual(packed, Uint8Array.of(1, 4, 127));
    assert.deepEqual(packCadence([{ part: 0, bytes: 300, delay: 0 }]), Uint8Array.of(0, 172, 2, 0));
  });

  it("leaves out a beat that was cut off", () => {
    const packed = packCadence([
      { part: 0, bytes: 1, delay: 2 },
      { part: 0, bytes: 1, delay: 200 },
    ]);
    assert.deepEqual(unpackCadence(packed.subarray(0, -1)), [{ part: 0, bytes: 1, delay: 2 }]);
  });
});
