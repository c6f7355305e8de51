/** Mints ids that nobody has used: `turn` gives `turn-…`. Tests hand in a counter. */
export type MintId = (prefix: string) => string;

const pattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** What an id must look like, in words for whoever sent another. */
export const idRule = "1 to 63 of a-z 0-9 . _ - starting with a letter or digit";

export function isId(text: string): boolean {
  return pattern.test(text);
}
