const control = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
/** Controls, formats, fillers, blanks that are no plain space, and what no font has. */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{DI}\u2800]|(?! )\p{Zs}/gu;

/**
 * Text that others wrote, fit for a terminal: control characters, and those that
 * turn the direction of writing, are shown instead of obeyed. Newline and tab stay.
 */
export function plain(text: string): string {
  return text.replace(control, (found) =>
    found === "\n" || found === "\t" ? found : shown(found),
  );
}

/** The same on one line: newline and tab are shown too. */
export function oneLine(text: string): string {
  return text.replace(control, shown);
}

/**
 * The same, where somebody decides by what they read: whatever shows as nothing or as a
 * space that is none is told by its code. Newline and tab stay.
 */
export function visible(text: string): string {
  return text.replace(invisible, (found) =>
    found === "\n" || found === "\t" ? found : shown(found),
  );
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return text.replace(invisible, shown);
}

/** At most `most` characters of a line; what is cut off shows as an ellipsis. */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most
    ? text
    : `${characters.slice(0, Math.max(0, most - 1)).join("")}…`;
}

/** JSON that a terminal may have: `JSON.stringify` leaves DEL and the C1 controls as they are. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f]/g,
    (found) => `\\u00${found.charCodeAt(0).toString(16)}`,
  );
}

const names: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code > 0xffff) return `\\u{${hex}}`;
  return (
    names[character] ?? (code < 256 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`)
  );
}
