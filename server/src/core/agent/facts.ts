import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import type { PreparedBlob } from "../log/blob-store.ts";
import type { EventBody } from "../log/event-bodies.ts";
import type { Fact } from "../log/session-writer.ts";

/** What a turn yields: facts to commit at once, before it is asked to go on. */
export interface Facts {
  readonly facts: readonly Fact[];
  /** Drafts that end with them. */
  readonly settles: readonly string[];
  /** Blobs that they name. */
  readonly blobs: readonly PreparedBlob[];
}

export function facts(
  committed: readonly Fact[],
  along: { settles?: readonly string[]; blobs?: readonly PreparedBlob[] } = {},
): Facts {
  return { facts: committed, settles: along.settles ?? [], blobs: along.blobs ?? [] };
}

/** A body of an event: its case, its schema and its fields. */
export function body<C extends EventBody["case"], D extends DescMessage>(
  name: C,
  schema: D,
  init: MessageInitShape<D>,
): { readonly case: C; readonly value: MessageShape<D> } {
  return { case: name, value: create(schema, init) };
}

export function duration(milliseconds: number): Duration {
  const whole = Math.max(0, milliseconds);
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(whole / 1000)),
    nanos: Math.floor((whole % 1000) * 1e6),
  });
}
