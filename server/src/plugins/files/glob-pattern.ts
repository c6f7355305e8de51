import { invalidField } from "../../base/errors.ts";
import { expandBraces } from "./expand-braces.ts";
import { fitsName, matchesSequence, type NameGlob, readNameGlob } from "./name-glob.ts";

/**
 * A pattern for paths. ripgrep's own `--glob` is not used for it, because that
 * would bring back the files that .gitignore leaves out.
 */
export interface GlobPattern {
  /** True when a path, relative to the folder that is searched, fits. */
  matches(path: string): boolean;
  /** Globs of which every fitting file name fits one; undefined when they are not that simple. */
  readonly names: readonly string[] | undefined;
}

/**
 * Reads a pattern: `*` and `?` within a name, `**` across folders, `[a-z]`,
 * `[!a]`, `{a,b}`, `\` before a letter that is meant as it is, and `!` in front
 * of the whole for everything else. Without a `/` it fits names at any depth.
 * Matching takes time proportional to pattern times path, whatever the pattern.
 * Throws `invalid_argument` for `field`.
 */
export function readGlobPattern(field: string, text: string): GlobPattern {
  if (text.length > maxLength) {
    throw invalidField(field, `must have at most ${maxLength} characters, got ${text.length}`);
  }
  const isNegated = text.startsWith("!");
  const alternatives = expandBraces(isNegated ? text.slice(1) : text, maxAlternatives);
  if (alternatives === undefined) {
    throw invalidField(field, `must have at most ${maxAlternatives} alternatives in braces`);
  }
  const globs = alternatives.map((alternative) => readSegments(field, alternative));
  const names = globs.map((segments) => segments.at(-1)?.text ?? "");
  return {
    matches(path) {
      const parts = path.split("/").map((part) => Array.from(part));
      return globs.some((segments) => fitsPath(segments, parts)) !== isNegated;
    },
    names: !isNegated && names.every((name) => simpleName.test(name)) ? names : undefined,
  };
}

const maxLength = 1000;
const maxAlternatives = 64;

/** What ripgrep and this file read alike, beyond doubt. */
const simpleName = /^[\w.*?+-]*[\w.?+-][\w.*?+-]*$/;

type Segment = { readonly text: string; readonly glob: NameGlob | "any folders" };

function readSegments(field: string, pattern: string): Segment[] {
  if (pattern.startsWith("/")) {
    throw invalidField(field, "must be relative to path; give the folder as path instead");
  }
  const parts = pattern.split("/").filter((part) => part !== "." && part !== "");
  if (parts.includes("..")) {
    throw invalidField(field, "must not contain ..; give the folder to search as path instead");
  }
  if (parts.length === 0) throw invalidField(field, "must name something, such as **/*.ts");
  if (!pattern.includes("/")) parts.unshift("**");
  if (pattern.endsWith("/") || parts.at(-1) === "**") parts.push("**", "*");
  return parts.map((text) => ({ text, glob: text === "**" ? "any folders" : readNameGlob(text) }));
}

function fitsPath(segments: readonly Segment[], parts: readonly (readonly string[])[]): boolean {
  return matchesSequence(
    segments,
    parts,
    ({ glob }) => glob === "any folders",
    ({ glob }, part) => glob !== "any folders" && fitsName(glob, part),
  );
}
