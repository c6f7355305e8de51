import { fromBinary, toBinary } from "./redact-encodings.ts";
import { type ByteFilter, chain, type TextFilter } from "./redact-filter.ts";
import { createPatternFinder } from "./redact-patterns.ts";
import { createValueFinder, type SecretValue } from "./redact-values.ts";

/**
 * Takes secrets out of what comes in. A known value becomes `${NAME}`, in the usual
 * encodings too; what looks like a key becomes `[redacted]`. What is
 * clean stays as it is. A value of fewer than 8 characters is left alone: it would be met by chance.
 */
export interface Redactor {
  text(text: string): string;
  /** The same bytes where there is nothing in them. */
  bytes(bytes: Uint8Array): Uint8Array;
  /** Whether a known value is in it. What only looks like a key does not count. */
  holds(what: string | Uint8Array): boolean;
  /** For one text that comes in pieces: holds back only what may become a secret. */
  textFilter(): TextFilter;
  /** For bytes that come in pieces; they need be no text. */
  byteFilter(): ByteFilter;
}

/** Patterns are those that `patternProblem` finds nothing wrong with. */
export function createRedactor({
  values,
  patterns,
}: {
  readonly values: readonly SecretValue[];
  readonly patterns: readonly string[];
}): Redactor {
  const texts = createValueFinder(values, { isBinary: false });
  const binary = createValueFinder(values, { isBinary: true });
  const shapes = createPatternFinder(patterns);
  const textFilter = () => chain(texts.filter(), shapes.filter());
  const byteFilter = () => chain(binary.filter(), shapes.filter());
  return {
    text: (text) => through(textFilter(), text),
    bytes(bytes) {
      const before = toBinary(bytes);
      const after = through(byteFilter(), before);
      return after === before ? bytes : fromBinary(after);
    },
    holds: (what) => (typeof what === "string" ? texts.isIn(what) : binary.isIn(toBinary(what))),
    textFilter,
    byteFilter() {
      const filter = byteFilter();
      return {
        push(bytes) {
          const before = toBinary(bytes);
          const after = filter.push(before);
          return after === before ? bytes : fromBinary(after);
        },
        end: () => fromBinary(filter.end()),
      };
    },
  };
}

function through(filter: TextFilter, text: string): string {
  return filter.push(text) + filter.end();
}
