import type { ModelPart } from "../../core/model/model.ts";
import type { ProviderMetadata, StreamPart } from "./language-model.ts";
import { encodeProviderData, mergeMetadata, type ProviderData } from "./provider-data.ts";

type Start = Extract<ModelPart, { kind: "start" }>;
type Kind = Start["of"];

interface Block {
  readonly name: string;
  readonly of: Kind;
  readonly before: readonly StreamPart[];
  metadata: ProviderMetadata | undefined;
  text: string;
}

/**
 * Keeps the blocks of one answer.
 *
 * B1: a block starts once and ends once, and no piece of it comes outside.
 * B2: what the protocol has no word for waits until a block starts, and is kept
 * with that block.
 */
export interface BlockReader {
  start(of: "text" | "thinking", id: string, metadata?: ProviderMetadata): Iterable<ModelPart>;
  startCall(id: string, tool: string, metadata?: ProviderMetadata): Iterable<ModelPart>;
  piece(of: Kind, id: string, text: string, metadata?: ProviderMetadata): Iterable<ModelPart>;
  /** `text` is what the block says, where its pieces may have said it otherwise. */
  end(of: Kind, id: string, metadata?: ProviderMetadata, text?: string): Iterable<ModelPart>;
  isOpen(of: Kind, id: string): boolean;
  /** What has come of an open block. */
  textOf(of: Kind, id: string): string;
  keep(part: StreamPart): void;
  /** Ends what is open. Gives what is still kept, which no block carries. */
  close(): { readonly parts: readonly ModelPart[]; readonly kept: readonly StreamPart[] };
}

export function createBlockReader(provider: string): BlockReader {
  const open = new Map<string, Block>();
  let kept: StreamPart[] = [];

  function* begin(start: Start, metadata: ProviderMetadata | undefined): Iterable<ModelPart> {
    const again = open.get(start.block);
    if (again !== undefined) yield* finish(again, undefined);
    open.set(start.block, { name: start.block, of: start.of, before: kept, metadata, text: "" });
    kept = [];
    yield start;
  }

  function* finish(block: Block, text: string | undefined): Iterable<ModelPart> {
    open.delete(block.name);
    const providerData = dataOf(block, provider);
    yield {
      kind: "end",
      block: block.name,
      ...(text === undefined || text === block.text ? {} : { text }),
      ...(providerData === undefined ? {} : { providerData }),
    };
  }

  const start: BlockReader["start"] = (of, id, metadata) =>
    begin({ kind: "start", block: `${of}:${id}`, of }, metadata);

  return {
    start,
    startCall: (id, tool, metadata) =>
      begin(
        { kind: "start", block: `tool_call:${id}`, of: "tool_call", providerCallId: id, tool },
        metadata,
      ),
    *piece(of, id, text, metadata) {
      const name = `${of}:${id}`;
      // A piece of what never started still has words; a call without a name has no use.
      if (!open.has(name) && of !== "tool_call" && text !== "") yield* start(of, id);
      const block = open.get(name);
      if (block === undefined) return;
      block.metadata = mergeMetadata(block.metadata, metadata);
      if (text === "") return;
      block.text += text;
      yield { kind: "piece", block: name, text };
    },
    *end(of, id, metadata, text) {
      const block = open.get(`${of}:${id}`);
      if (block === undefined) return;
      block.metadata = mergeMetadata(block.metadata, metadata);
      yield* finish(block, text);
    },
    isOpen: (of, id) => open.has(`${of}:${id}`),
    textOf: (of, id) => open.get(`${of}:${id}`)?.text ?? "",
    keep(part) {
      kept.push(part);
    },
    close: () => ({
      parts: [...open.values()].flatMap((block) => [...finish(block, undefined)]),
      kept,
    }),
  };
}

/** Thinking always names its provider, since it goes back to no other. */
function dataOf({ of, before, metadata }: Block, provider: string): Uint8Array | undefined {
  if (metadata === undefined && before.length === 0 && of !== "thinking") return undefined;
  const data: ProviderData = {
    provider,
    ...(metadata === undefined ? {} : { metadata }),
    ...(before.length === 0 ? {} : { before }),
  };
  return encodeProviderData(data);
}
