/** What is wrong in a file, and where. */
export interface Mistake {
  /** As it is told: seen from the home. An environment variable's name, where that is wrong. */
  readonly file: string;
  /** From 1; 0 where no line can be told. */
  readonly line: number;
  readonly problem: string;
}

/** `daphnia.toml:4: what was expected, what was got`. */
export function tellMistake({ file, line, problem }: Mistake): string {
  return line === 0 ? `${file}: ${problem}` : `${file}:${line}: ${problem}`;
}
