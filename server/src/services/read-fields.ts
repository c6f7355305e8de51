import type { Duration } from "@bufbuild/protobuf/wkt";
import { invalidField } from "../base/errors.ts";

/** A page's size: `fallback` for 0, refused when it is out of range. */
export function pageSize(value: number, fallback: number, most: number): number {
  if (value === 0) return fallback;
  if (value > most) throw invalidField("page_size", `must be 1 to ${most}, got ${value}`);
  return value;
}

/** A duration in milliseconds within a range; `fallback` when it is absent or 0. */
export function milliseconds(
  field: string,
  value: Duration | undefined,
  fallback: number,
  most: number,
): number {
  if (value === undefined) return fallback;
  const ms = Number(value.seconds) * 1000 + value.nanos / 1e6;
  if (ms < 0 || ms > most)
    throw invalidField(field, `must be 0 s to ${most / 1000} s, got ${ms / 1000} s`);
  return ms === 0 ? fallback : ms;
}

/** A field that may not be empty. */
export function required(field: string, value: string): string {
  if (value === "") throw invalidField(field, "must not be empty");
  return value;
}
