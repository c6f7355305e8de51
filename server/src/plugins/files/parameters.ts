import { invalidField } from "../../base/errors.ts";

/** The bounds of a whole number, and what it is when it is not given. */
export interface IntegerRange {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

type Parameters = Readonly<Record<string, unknown>>;

/** The longest text of a pattern or a path. */
const maxTextLength = 10_000;

/** A text that must be there. Throws `invalid_argument` naming the argument. */
export function textOf(parameters: Parameters, name: string): string {
  const value = optionalTextOf(parameters, name);
  if (value === undefined) throw invalidField(name, "must be given, as text");
  return value;
}

/** A text that may be absent; never empty, never with a NUL, which no system call takes. */
export function optionalTextOf(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw invalidField(name, `must be text, got ${typeof value}`);
  if (value === "") throw invalidField(name, "must not be empty");
  if (value.includes("\0")) throw invalidField(name, "must not contain a NUL character");
  if (value.length > maxTextLength) {
    throw invalidField(name, `must have at most ${maxTextLength} characters, got ${value.length}`);
  }
  return value;
}

/** A whole number in its range, or what it is otherwise. */
export function integerOf(parameters: Parameters, name: string, range: IntegerRange): number {
  const value = parameters[name];
  if (value === undefined) return range.otherwise;
  if (typeof value === "number" && Number.isInteger(value)) {
    if (value >= range.least && value <= range.most) return value;
  }
  const bounds = `${range.least} to ${range.most}`;
  throw invalidField(name, `must be a whole number from ${bounds}, got ${JSON.stringify(value)}`);
}

/** A yes or no; no when it is not given. */
export function flagOf(parameters: Parameters, name: string): boolean {
  const value = parameters[name] ?? false;
  if (typeof value !== "boolean")
    throw invalidField(name, `must be true or false, got ${typeof value}`);
  return value;
}
