/** A word of a command, as bash would hand it on. */
export interface Argument {
  /** The decoded text; null where only running it tells. */
  readonly text: string | null;
  /** The text with what is quoted escaped, where the word is a pattern of file names. */
  readonly pattern?: string;
  /** The name of a file that the command before it found, somewhere below what that has claimed. */
  readonly isFound?: boolean;
  /** Set where bash would split the word, so that there may be any number of it. */
  readonly mayBeMany?: boolean;
}

export const opaque: Argument = { text: null };

export const literal = (text: string): Argument => ({ text });

export const isLiteral = (
  argument: Argument,
): argument is Argument & { readonly text: string; readonly pattern?: undefined } =>
  argument.text !== null && argument.pattern === undefined;

/** The text of a word that is wholly known; null for any other, and for none. */
export const textOf = (word: Argument | undefined): string | null =>
  word !== undefined && isLiteral(word) ? word.text : null;

/** The words as rules see them: what is not wholly known matches no token. */
export const wordsOf = (words: readonly Argument[]): (string | null)[] => words.map(textOf);

/** Whether one of the names that a pattern stands for may be a flag. Escaped or quoted, a dash is one all the same. */
export const mayBecomeFlag = ({ text, pattern }: Argument): boolean =>
  pattern !== undefined && (text?.startsWith("-") === true || /^[*?[]/.test(pattern));
