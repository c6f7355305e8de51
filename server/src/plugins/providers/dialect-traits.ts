import type { ProviderMetadata } from "./language-model.ts";
import type { Dialect } from "./provider-table.ts";

/** What a wire format can carry. */
export interface DialectTraits {
  /** Media types that a person's message may carry as bytes. */
  readonly files: RegExp;
  /** Media types that a tool's result may carry as bytes. */
  readonly resultFiles: RegExp;
  /** What a call's id must look like, where the provider insists. */
  readonly callId: RegExp;
  /** Whether the places up to which to cache are marked in the request. */
  readonly marksCache: boolean;
  /** Options of every call. */
  readonly options: ProviderMetadata;
}

const anything = /^/;
const nothing = /^(?!)/;
const images = /^image\/(png|jpeg|gif|webp)$/;
const imagesAndPdf = /^(image\/(png|jpeg|gif|webp)|application\/pdf)$/;
const media = /^((image|audio|video)\/.+|application\/pdf)$/;

export const dialectTraits: Readonly<Record<Dialect, DialectTraits>> = {
  anthropic: {
    files: imagesAndPdf,
    resultFiles: imagesAndPdf,
    callId: /^[a-zA-Z0-9_-]+$/,
    marksCache: true,
    options: {},
  },
  "openai-responses": {
    files: imagesAndPdf,
    resultFiles: imagesAndPdf,
    callId: /^.{1,64}$/,
    marksCache: false,
    // The log here is the only memory: what was said is sent again in full, not
    // by reference to a copy that the provider keeps.
    options: { openai: { store: false } },
  },
  "openai-chat": {
    files: imagesAndPdf,
    resultFiles: nothing,
    callId: /^.{1,64}$/,
    marksCache: false,
    options: {},
  },
  google: {
    files: media,
    resultFiles: imagesAndPdf,
    callId: anything,
    marksCache: false,
    options: {},
  },
  "google-interactions": {
    files: media,
    resultFiles: imagesAndPdf,
    callId: anything,
    marksCache: false,
    options: { google: { store: false } },
  },
  compatible: {
    files: images,
    resultFiles: nothing,
    callId: anything,
    marksCache: false,
    options: {},
  },
};
