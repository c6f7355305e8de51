/**
 * Cuts a text into pieces of `size` characters, or leaves it whole when that is
 * 0. A piece never ends inside a character; an empty text has no pieces.
 */
export function piecesOf(text: string, size: number): string[] {
  if (text === "") return [];
  if (size === 0) return [text];
  const characters = [...text];
  const pieces: string[] = [];
  for (let start = 0; start < characters.length; start += size) {
    pieces.push(characters.slice(start, start + size).join(""));
  }
  return pieces;
}
