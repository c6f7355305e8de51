/** A line of a picture: a value for each second. */
export interface Curve {
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [seconds: number, value: number])[];
  /** A value that it should not pass, drawn dashed in its color. */
  readonly limit: number;
  /** Seconds at which something happened, and what. */
  readonly marks: readonly (readonly [seconds: number, what: string])[];
}

const width = 900;
const height = 420;
const left = 60;
const top = 40;
const right = width - 20;
const bottom = height - 50;

/** Curves over time as an SVG that reads well on light and dark. */
export function drawCurves(
  title: string,
  unit: string,
  curves: readonly Curve[],
  rows: readonly string[] = [],
): string {
  const all = curves.flatMap(({ points }) => points);
  const longest = Math.max(1, ...all.map(([seconds]) => seconds));
  const highest = 1.1 * Math.max(...all.map(([, value]) => value), ...curves.map((c) => c.limit));
  const x = (seconds: number) => (left + (seconds / longest) * (right - left)).toFixed(1);
  const y = (value: number) => (bottom - (value / highest) * (bottom - top)).toFixed(1);
  const ticks = (end: number) => {
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => end / size <= 8) ?? 1000;
    return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  };
  const grid = ticks(highest).flatMap((value) => [
    `<line x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>`,
    text(left - 6, Number(y(value)) + 4, `${value}`, "end"),
  ]);
  const seconds = ticks(longest).map((at) => text(Number(x(at)), bottom + 16, `${at} s`));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 18 * rows.length}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(left, 20, `${title} (${unit})`, "start"),
    ...grid,
    ...seconds,
    ...curves.flatMap((curve, i) => lineOf(curve, i, x, y)),
    ...rows.map((row, i) => text(left, height + 18 * i, row, "start")),
    "</svg>",
    "",
  ].join("\n");
}

type Scale = (value: number) => string;

function lineOf(curve: Curve, i: number, x: Scale, y: Scale): readonly string[] {
  const { name, color, points, limit, marks } = curve;
  const path = points.map(([seconds, value]) => `${x(seconds)},${y(value)}`).join(" ");
  return [
    `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.5"/>`,
    `<line x1="${left}" x2="${right}" y1="${y(limit)}" y2="${y(limit)}" stroke="${color}" stroke-dasharray="6 4"/>`,
    ...marks.flatMap(([seconds, what]) => [
      `<line x1="${x(seconds)}" x2="${x(seconds)}" y1="${top}" y2="${bottom}" stroke="${color}" stroke-opacity="0.4"/>`,
      text(Number(x(seconds)) + 3, top + 14 + 14 * i, what, "start", color),
    ]),
    text(left + 110 * i, bottom + 36, name, "start", color),
  ];
}

function text(x: number, y: number, value: string, anchor = "middle", color = "#333"): string {
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${color}">${escaped}</text>`;
}
