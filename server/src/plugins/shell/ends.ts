/** Folders that the shell may be in after a command, by how that ended. */
export interface Ends {
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

export const same = (cwds: readonly string[]): Ends => ({ good: cwds, bad: cwds });
export const both = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])];
export const union = ({ good, bad }: Ends) => both(good, bad);
