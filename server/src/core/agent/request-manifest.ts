import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type RequestManifest, RequestManifestSchema } from "@daphnia/protocol/event";

/** A request as it was sent, with the name of its manifest. */
export interface KnownRequest {
  readonly digest: string;
  readonly body: Uint8Array;
  readonly depth: number;
}

/** A manifest that stands on this many others stands alone instead. */
const deepest = 200;

/** A request told as what differs from the one before. */
export function describeRequest(
  body: Uint8Array,
  mediaType: string,
  before: KnownRequest | undefined,
): { readonly manifest: Uint8Array; readonly depth: number } {
  const base = before !== undefined && before.depth < deepest ? before : undefined;
  const head = base === undefined ? 0 : sameAtStart(base.body, body);
  const tail = base === undefined ? 0 : sameAtEnd(base.body, body, head);
  const depth = base === undefined ? 0 : base.depth + 1;
  const manifest: RequestManifest = create(RequestManifestSchema, {
    base: base?.digest ?? "",
    keepHead: BigInt(head),
    keepTail: BigInt(tail),
    added: body.slice(head, body.length - tail),
    mediaType,
    depth,
  });
  return { manifest: toBinary(RequestManifestSchema, manifest), depth };
}

/** The exact request that a manifest describes. `read` answers a blob's bytes. */
export async function rebuildRequest(
  digest: string,
  read: (digest: string) => Promise<Uint8Array>,
): Promise<{ readonly request: KnownRequest; readonly mediaType: string }> {
  const chain: { digest: string; manifest: RequestManifest }[] = [];
  for (let next = digest; next !== ""; next = chain.at(-1)?.manifest.base ?? "") {
    chain.push({ digest: next, manifest: fromBinary(RequestManifestSchema, await read(next)) });
  }
  let body: Uint8Array = new Uint8Array();
  for (const { manifest } of chain.toReversed()) body = apply(manifest, body);
  const top = chain[0]?.manifest;
  return {
    request: { digest, body, depth: top?.depth ?? 0 },
    mediaType: top?.mediaType ?? "",
  };
}

function apply({ keepHead, keepTail, added }: RequestManifest, base: Uint8Array): Uint8Array {
  const head = Number(keepHead);
  const tail = Number(keepTail);
  const body = new Uint8Array(head + added.length + tail);
  body.set(base.subarray(0, head));
  body.set(added, head);
  body.set(base.subarray(base.length - tail), head + added.length);
  return body;
}

function sameAtStart(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length);
  let same = 0;
  while (same < most && a[same] === b[same]) same++;
  return same;
}

function sameAtEnd(a: Uint8Array, b: Uint8Array, head: number): number {
  const most = Math.min(a.length, b.length) - head;
  let same = 0;
  while (same < most && a[a.length - 1 - same] === b[b.length - 1 - same]) same++;
  return same;
}
