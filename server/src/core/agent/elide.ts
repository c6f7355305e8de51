import { create, toBinary } from "@bufbuild/protobuf";
import { BlobSchema } from "@daphnia/protocol/blob";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { invalidField } from "../../base/errors.ts";
import type { BlobStore, PreparedBlob } from "../log/blob-store.ts";
import { maxEventBytes } from "../log/session-writer.ts";
import { bytesOf, cutEnds, withBytes } from "./part-bytes.ts";

/** What is over this many bytes keeps only its ends in the event. */
const longest = 64 * 1024;
/** Bytes kept of each end; the later ones where the event would be too long. */
const ends = [8 * 1024, 1024, 128] as const;
/** A blob has a name: less than this is not worth one. */
const worth = 256;
/** No part that was cut is shorter. */
const shortest = 100;
/** Bytes of an event that are no parts: ids, the principal, a cadence of 64 KiB. */
const rest = 72 * 1024;
/** Bytes that an event has for parts. */
const room = maxEventBytes - rest;

/** Parts that fit into an event, and the blobs that hold what was left out of them. */
export interface Elided {
  readonly parts: Part[];
  readonly blobs: PreparedBlob[];
}

/**
 * Moves what is long into blobs, so that the parts fit into one event. Throws
 * `invalid_argument` for parts that cannot: they are too many.
 */
export async function elide(parts: readonly Part[], blobs: BlobStore): Promise<Elided> {
  const fitting = await fit(parts, blobs);
  if (fitting !== undefined) return fitting;
  const size = `the ${maxEventBytes} bytes of an event, but ${parts.length} parts are too many`;
  throw invalidField("parts", `must fit into ${size}`);
}

/**
 * The same, or undefined where parts cannot fit.
 *
 * F1: a text, thinking, arguments, opaque or provider's data over 64 KiB goes
 * into a blob, whatever else there is.
 * F2: where all together are too long, the largest follow, until they fit: first
 * those of which 8 KiB at each end can stay.
 */
export async function fit(parts: readonly Part[], blobs: BlobStore): Promise<Elided | undefined> {
  const prepared = new Map<string, PreparedBlob>();
  const keep = async (bytes: Uint8Array, mediaType: string) => {
    const blob = await blobs.prepare(bytes);
    prepared.set(blob.digest, blob);
    return create(BlobSchema, { digest: blob.digest, size: BigInt(blob.size), mediaType });
  };
  const short: Part[] = [];
  for (const part of parts) short.push(await cut(part, longest, ends[0], keep));
  const sizes = short.map(sizeOf);
  let total = sizes.reduce((sum, size) => sum + size, 0);
  const least = sizes.reduce((sum, size) => sum + Math.min(size, shortest), 0);
  if (least > room) return undefined; // nobody waits for what cannot come out well
  for (const end of ends) {
    for (const [i, part] of largestFirst(parts, sizes)) {
      if (total <= room) break;
      const shorter = await cut(part, 2 * end + worth, end, keep);
      const size = sizeOf(shorter);
      total += size - (sizes[i] ?? 0);
      sizes[i] = size;
      short[i] = shorter;
    }
  }
  return total <= room ? { parts: short, blobs: [...prepared.values()] } : undefined;
}

/** The parts with all their bytes, as a model reads them. */
export function restore(
  parts: readonly Part[],
  read: (digest: string) => Promise<Uint8Array>,
): Promise<Part[]> {
  return Promise.all(parts.map((part) => restoreOne(part, read)));
}

async function restoreOne(
  part: Part,
  read: (digest: string) => Promise<Uint8Array>,
): Promise<Part> {
  const { full, fullProviderData, kind } = part;
  let whole = part;
  if (kind.case === "toolResult") {
    const nested = await restore(kind.value.parts, read);
    whole = { ...whole, kind: { case: kind.case, value: { ...kind.value, parts: nested } } };
  }
  if (full !== undefined) whole = without(withBytes(whole, await read(full.digest)), "full");
  if (fullProviderData === undefined) return whole;
  const providerData = await read(fullProviderData.digest);
  return without({ ...whole, providerData }, "fullProviderData");
}

type Keep = (bytes: Uint8Array, mediaType: string) => Promise<NonNullable<Part["full"]>>;

/** A part of which only the ends stay, where it holds more than `over` bytes. */
async function cut(part: Part, over: number, end: number, keep: Keep): Promise<Part> {
  const { kind, providerData } = part;
  if (kind.case === "toolResult") {
    const parts: Part[] = [];
    for (const nested of kind.value.parts) parts.push(await cut(nested, over, end, keep));
    return { ...part, kind: { case: kind.case, value: { ...kind.value, parts } } };
  }
  let short = part;
  // What is cut already is not cut again: its middle is in the blob that it names.
  const long = part.full === undefined ? bytesOf(part, over) : undefined;
  if (long !== undefined) {
    const { bytes, mediaType } = long;
    const left = cutEnds(long, end);
    const full = await keep(bytes, mediaType);
    short = { ...withBytes(part, left), full, elided: BigInt(bytes.length - left.length) };
  }
  if (providerData.length <= over) return short;
  const fullProviderData = await keep(providerData, "application/octet-stream");
  return { ...short, providerData: new Uint8Array(), fullProviderData };
}

/** Bytes of a part in a message that holds it. */
function sizeOf(part: Part): number {
  return toBinary(PartSchema, part).length + 5;
}

function largestFirst(parts: readonly Part[], sizes: readonly number[]): [number, Part][] {
  return [...parts.entries()].sort(([a], [b]) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
}

/** protobuf-es reads a field that is absent as undefined. */
function without(part: Part, field: "full" | "fullProviderData"): Part {
  const { [field]: _, ...others } = part;
  return field === "full" ? { ...others, elided: 0n } : others;
}
