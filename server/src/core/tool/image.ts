/** An image that models take, by its own bytes. */
export interface Image {
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
}

/** Bytes of the largest image that every provider takes: 5 MiB as base64. */
export const largestImage = 3_932_160;
/** Pixels of its longer side. One that is refused would spoil every request after it. */
const longestSide = 8000;

/** What an image is; undefined where bytes are none, or none that is whole enough to tell. */
export function imageOf(bytes: Uint8Array): Image | undefined {
  for (const [mediaType, sizeOf] of readers) {
    const size = sizeOf(bytes);
    if (size !== undefined) return { mediaType, width: size[0], height: size[1] };
  }
  return undefined;
}

/** Why a model is not shown an image; empty where it is. */
export function whyNotShown({ width, height }: Image): string {
  if (width === 0 || height === 0) return "an image without a size";
  if (width <= longestSide && height <= longestSide) return "";
  return `an image of ${width} × ${height} pixels, of which at most ${longestSide} are shown`;
}

type Size = readonly [width: number, height: number];
type Reader = readonly [mediaType: string, sizeOf: (bytes: Uint8Array) => Size | undefined];

const readers: readonly Reader[] = [
  ["image/png", pngSize],
  ["image/jpeg", jpegSize],
  ["image/gif", gifSize],
  ["image/webp", webpSize],
];

const signs = (bytes: Uint8Array, from: number, to: number) =>
  String.fromCharCode(...bytes.subarray(from, to));
const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

/** Goes from chunk to chunk: it is whole where its last one is. */
function pngSize(bytes: Uint8Array): Size | undefined {
  const view = viewOf(bytes);
  if (signs(bytes, 0, 8) !== "\x89PNG\r\n\x1a\n" || signs(bytes, 12, 16) !== "IHDR") {
    return undefined;
  }
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (signs(bytes, at + 4, at + 8) === "IEND") return [view.getUint32(16), view.getUint32(20)];
  }
  return undefined;
}

function gifSize(bytes: Uint8Array): Size | undefined {
  if (bytes.length < 13 || !/^GIF8[79]a$/.test(signs(bytes, 0, 6))) return undefined;
  const view = viewOf(bytes);
  return [view.getUint16(6, true), view.getUint16(8, true)];
}

/** Goes from segment to segment to the one that begins a frame. */
function jpegSize(bytes: Uint8Array): Size | undefined {
  if (signs(bytes, 0, 3) !== "\xff\xd8\xff") return undefined;
  const view = viewOf(bytes);
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function webpSize(bytes: Uint8Array): Size | undefined {
  if (bytes.length < 30 || signs(bytes, 0, 4) !== "RIFF" || signs(bytes, 8, 12) !== "WEBP") {
    return undefined;
  }
  const view = viewOf(bytes);
  if (view.getUint32(4, true) + 8 > bytes.length) return undefined;
  const three = (at: number) => view.getUint16(at, true) + 65_536 * view.getUint8(at + 2);
  switch (signs(bytes, 12, 16)) {
    case "VP8X":
      return [1 + three(24), 1 + three(27)];
    case "VP8L": {
      const packed = view.getUint32(21, true);
      return [1 + (packed & 0x3fff), 1 + ((packed >>> 14) & 0x3fff)];
    }
    case "VP8 ":
      return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    default:
      return undefined;
  }
}
