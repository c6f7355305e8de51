import type { Label } from "../words/words.ts";

/** A state in a word. The colour repeats the word and says nothing by itself. */
export function StateLabel({ label }: { readonly label: Label }) {
  return (
    <span className="label" data-tone={label.tone}>
      <span className="dot" aria-hidden="true" />
      {label.text}
    </span>
  );
}
