import type { BenchPackage } from "./bench-package.ts";

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  /** The same of the bare server, or of the empty case. */
  readonly baseline?: string;
  readonly target?: string;
  /** Undefined where there is no target. */
  readonly isMet?: boolean;
}

/** What every question is asked with. */
export interface BenchContext {
  /** True: few runs, to see that the bench works. Its figures are only a hint. */
  readonly isQuick: boolean;
  readonly package: BenchPackage;
  /** Keeps a picture beside the table: `docs/performance-NAME.svg`. */
  draw(name: string, svg: string): void;
}

/** One question of the bench: what is asked, how, and what it leaves out. */
export interface Question {
  readonly name: string;
  readonly asks: string;
  readonly method: string;
  readonly notMeasured: string;
  /** Name of the picture that it draws, where it does. */
  readonly picture?: string;
  answer(context: BenchContext): Promise<readonly Figure[]>;
}

/** A figure that is compared with a limit. */
export function judged(name: string, { value, unit, baseline, ...limit }: Judged): Figure {
  const isMost = "most" in limit;
  return {
    name,
    value: withUnit(value, unit),
    ...(baseline !== undefined && { baseline }),
    target: isMost ? `≤ ${withUnit(limit.most, unit)}` : `≥ ${withUnit(limit.least, unit)}`,
    isMet: isMost ? value <= limit.most : value >= limit.least,
  };
}

type Judged = {
  readonly value: number;
  readonly unit: string;
  readonly baseline?: string;
} & ({ readonly most: number } | { readonly least: number });

/** A number as people read it: three digits that count. */
export function withUnit(value: number, unit: string): string {
  const places = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  const text = Math.abs(value) < 10_000 ? value.toFixed(places) : grouped(value);
  return unit === "" ? text : `${text} ${unit}`;
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
}
