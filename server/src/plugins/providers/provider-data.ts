import type { MetadataValue, ProviderMetadata } from "./language-model.ts";

/** What goes into `Part.provider_data`: what a provider needs back unread. */
export interface ProviderData {
  /** Whose it is: nobody else is sent it. */
  readonly provider: string;
  /** Signatures and the like. */
  readonly metadata?: ProviderMetadata;
}

/** JSON, in UTF-8. */
export function encodeProviderData(data: ProviderData): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(data));
}

/** What this provider had said, or undefined where it was another or nobody. */
export function decodeProviderData(bytes: Uint8Array, provider: string): ProviderData | undefined {
  if (bytes.length === 0) return undefined;
  const data: unknown = parsed(new TextDecoder().decode(bytes));
  if (typeof data !== "object" || data === null || !("provider" in data)) return undefined;
  if (data.provider !== provider) return undefined;
  return data as ProviderData; // this adapter is the only one who writes under this name
}

/** Joins what a block's pieces told: later words win, within each package's own name. */
export function mergeMetadata(
  before: ProviderMetadata | undefined,
  more: ProviderMetadata | undefined,
): ProviderMetadata | undefined {
  if (more === undefined) return before;
  const merged: Record<string, MetadataValue> = { ...before };
  for (const [name, value] of Object.entries(more)) merged[name] = { ...merged[name], ...value };
  return merged;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
