import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { imageOf } from "./image.ts";
import { pngImage as png } from "./testing/png-image.ts";

const bytes = (...parts: (string | readonly number[])[]) =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part),
    ),
  );

const gif = bytes("GIF89a", [64, 1, 200, 0, 0, 0, 0], ";");
const jpeg = bytes(
  [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xff, 0xc4, 0, 2],
  [0xff, 0xc2, 0, 11, 8, 1, 0x2c, 2, 0x58, 1, 0, 0, 0],
);
const webp = (kind: string, data: readonly number[]) => {
  const body = bytes("WEBP", kind, [data.length, 0, 0, 0], data);
  return bytes("RIFF", [body.length, 0, 0, 0], body.toString("latin1"));
};
const lossless = webp("VP8L", [0x2f, 0x1f, 0x83, 0x95, 0, ...Array<number>(8).fill(0)]);
const extended = webp("VP8X", [0, 0, 0, 0, 0x1f, 3, 0, 0x57, 2, 0]);
const lossy = webp("VP8 ", [0, 0, 0, 0x9d, 1, 0x2a, 0x20, 3, 0x58, 0x42]);

describe("imageOf", () => {
  it("knows what an image is, and how large, by its bytes", () => {
    const sizes = [png(3, 2), gif, jpeg, lossless, extended, lossy].map((one) => imageOf(one));
    assert.deepEqual(sizes, [
      { mediaType: "image/png", width: 3, height: 2 },
      { mediaType: "image/gif", width: 320, height: 200 },
      { mediaType: "image/jpeg", width: 600, height: 300 },
      { mediaType: "image/webp", width: 800, height: 599 },
      { mediaType: "image/webp", width: 800, height: 600 },
      { mediaType: "image/webp", width: 800, height: 600 },
    ]);
  });

  it("takes nothing for an image that is cut off anywhere, or is none", () => {
    for (const whole of [png(3, 2), lossy, extended, lossless]) {
      for (let end = 0; end < whole.length; end++) {
        assert.equal(imageOf(whole.subarray(0, end)), undefined, `${end} of ${whole.length}`);
      }
    }
    for (const one of ["", "<svg/>", "GIF88a", "\xff\xd8", "RIFF"]) {
      assert.equal(imageOf(Buffer.from(one, "latin1")), undefined);
    }
  });
});
