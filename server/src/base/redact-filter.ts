/** Text on its way through: what cannot be decided yet is held back. */
export interface TextFilter {
  /** What is decided of all that was pushed, beyond what was answered before. */
  push(text: string): string;
  /** The rest. Nothing may be pushed after it. */
  end(): string;
}

/** Bytes on their way through, the same way. */
export interface ByteFilter {
  push(bytes: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

/** Filters one after the other. */
export function chain(first: TextFilter, second: TextFilter): TextFilter {
  return {
    push: (text) => second.push(first.push(text)),
    end: () => second.push(first.end()) + second.end(),
  };
}
