import type { Message, Part } from "@daphnia/protocol/message";
import type { Tool } from "@daphnia/protocol/tool";
import type { Cost, Usage } from "@daphnia/protocol/usage";

/** What a model is asked. */
export interface ModelRequest {
  readonly system: string;
  /** Whole messages: no part of them is elided. Blob parts carry a digest. */
  readonly messages: readonly Message[];
  /** Sorted by name, so that the request's first bytes stay the same. */
  readonly tools: readonly Tool[];
  /** Bytes of a blob that a message names. */
  readonly blob: (digest: string) => Promise<Uint8Array>;
}

/** What a model's answer consists of, in the order it arrives. */
export type ModelPart =
  /** Always first: the exact body about to be sent. The call waits until it was taken. */
  | { readonly kind: "request"; readonly mediaType: string; readonly body: Uint8Array }
  | { readonly kind: "start"; readonly block: string; readonly of: "text" | "thinking" }
  | {
      readonly kind: "start";
      readonly block: string;
      readonly of: "tool_call";
      readonly providerCallId: string;
      readonly tool: string;
    }
  /** More of a block: text, thinking, or a tool call's arguments as JSON text. */
  | { readonly kind: "piece"; readonly block: string; readonly text: string }
  /** The block is whole. `text` is all of it, where its pieces said only the beginning. */
  | {
      readonly kind: "end";
      readonly block: string;
      readonly text?: string;
      readonly providerData?: Uint8Array;
    }
  /** A part that did not stream, such as a source. */
  | { readonly kind: "part"; readonly part: Part }
  /**
   * What the call used so far, all of it: a later one replaces an earlier, `finish`
   * replaces both. It counts where the call fails or is stopped before its `finish`.
   */
  | { readonly kind: "usage"; readonly usage: Usage; readonly cost?: Cost }
  /** Always last. */
  | {
      readonly kind: "finish";
      readonly reason: string;
      readonly usage?: Usage;
      readonly cost?: Cost;
      readonly requestId?: string;
      readonly responseModel?: string;
    };

/** One model of one provider. */
export interface Model {
  readonly provider: string;
  /** The provider's own name for it. */
  readonly name: string;
  /** Calls it once. Rejects with a ModelError when the provider or the way to it fails. */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}

/** Finds models by `provider/model`. */
export interface Models {
  /**
   * Throws `invalid_argument` with near names for a provider that is unknown, and
   * `failed_precondition` PROVIDER_KEY_MISSING where its key is not set.
   */
  open(name: string): Promise<Model>;
}
