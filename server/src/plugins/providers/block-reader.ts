import type { ModelPart } from "../../core/model/model.ts";
import type { ProviderMetadata } from "./language-model.ts";
import { encodeProviderData, mergeMetadata } from "./provider-data.ts";

type Start = Extract<ModelPart, { kind: "start" }>;
type Kind = Start["of"];

interface Block {
  readonly name: string;
  readonly of: Kind;
  metadata: ProviderMetadata | undefined;
  text: string;
}

/** Keeps the blocks of one answer: each starts once and ends once, and no piece of it comes outside. */
export interface BlockReader {
  start(of: "text" | "thinking", id: string, metadata?: ProviderMetadata): Iterable<ModelPart>;
  startCall(id: string, tool: string, metadata?: ProviderMetadata): Iterable<ModelPart>;
  piece(of: Kind, id: string, text: string, metadata?: ProviderMetadata): Iterable<ModelPart>;
  /** `text` is all that the block says, where its pieces said only the beginning. */
  end(of: Kind, id: string, metadata?: ProviderMetadata, text?: string): Iterable<ModelPart>;
  isOpen(of: Kind, id: string): boolean;
  /** What has come of an open block. */
  textOf(of: Kind, id: string): string;
  /** Ends what is open. */
  close(): Iterable<ModelPart>;
}

export function createBlockReader(provider: string): BlockReader {
  const open = new Map<string, Block>();

  function* begin(start: Start, metadata: ProviderMetadata | undefined): Iterable<ModelPart> {
    const again = open.get(start.block);
    if (again !== undefined) yield* finish(again, undefined);
    open.set(start.block, { name: start.block, of: start.of, metadata, text: "" });
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
    *close() {
      for (const block of [...open.values()]) yield* finish(block, undefined);
    },
  };
}

/** Thinking always names its provider, since it goes back to no other. */
function dataOf({ of, metadata }: Block, provider: string): Uint8Array | undefined {
  if (metadata === undefined && of !== "thinking") return undefined;
  return encodeProviderData({ provider, ...(metadata === undefined ? {} : { metadata }) });
}
