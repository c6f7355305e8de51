import type { Paint } from "./screen.ts";

/** Rows under a heading, each column as wide as its widest cell. Cells are plain text. */
export function tableOf(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  const widths = heading.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [paint("dim", line(heading)), ...rows.map(line)];
}
