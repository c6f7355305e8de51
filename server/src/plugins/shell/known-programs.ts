import { posix } from "node:path";
import type { Argument } from "./argument.ts";
import { isLiteral } from "./argument.ts";
import type { Judging } from "./judging.ts";
import { type Operands, type ProgramFlags, programFlags } from "./program-flags.ts";
import { type FlagReading, readFlags } from "./read-flags.ts";

/** A program of the list: whether it was one. */
export function judgeKnown(name: string, words: readonly Argument[], judging: Judging): boolean {
  if (/^(echo|true|false|:)$/.test(name)) {
    // What is no flag of theirs is text.
    judging.run("plain", `${name} only prints`, words);
    // A pattern becomes the names that are there.
    for (const word of words) if (word.pattern !== undefined) judging.read(word);
    return true;
  }
  if (name === "tar" || name === "unzip") return judgeArchive(name, words, judging);
  if (!Object.hasOwn(programFlags, name)) return false;
  const program = programFlags[name];
  if (program === undefined) return false;
  const reading = readFlags(words.slice(1), program);
  const problem = reading.problem ?? operandProblem(name, program, reading);
  if (problem === undefined) judging.run("plain", `${name} with harmless flags`, words);
  else judging.run("unknown", problem, words);
  claimOperands(name, program.operands, reading, judging);
  return true;
}

function operandProblem(
  name: string,
  { operands }: ProgramFlags,
  reading: FlagReading,
): string | undefined {
  const given = reading.operands;
  if (operands === "none" && given.length > 0) return `${name} with an operand changes something`;
  if (operands === "date" && !given.every(({ text }) => text?.startsWith("+"))) {
    return "it may set the clock";
  }
  if (operands === "second" && given.length > 2) return "it has more operands than it knows";
  if (name === "strings" && given.some(({ text }) => text?.startsWith("@"))) {
    return "it reads flags from a file";
  }
  if (name === "ps" && !given.every(({ text }) => /^([auxwfjl]+|\d+)$/.test(text ?? ""))) {
    return "it may show the environment of other programs";
  }
  if (operands === "cp") return copyProblem(given, reading.given);
  return undefined;
}

/** Copying a folder's contents, instead of the folder, may lay them over anything. */
function copyProblem(operands: readonly Argument[], given: readonly string[]): string | undefined {
  if (given.includes("-T")) return "it may replace the folder itself";
  const isContents = operands.slice(0, -1).some(({ text }) => /(^|\/)\.{1,2}\/?$/.test(text ?? ""));
  return isContents ? "it copies all that a folder holds" : undefined;
}

/** Programs that go down into folders. */
const walks = /^(du|tree|diff)$/;

function claimOperands(
  name: string,
  kind: Operands,
  { operands, given }: FlagReading,
  judging: Judging,
): void {
  const isWhole = walks.test(name) || given.includes("-R") || given.includes("--recursive");
  switch (kind) {
    case "read":
      for (const word of operands) judging.read(word, isWhole);
      if (operands.length === 0 && /^(ls|du|tree)$/.test(name))
        judging.read({ text: "." }, isWhole);
      break;
    case "write":
      for (const word of operands) judging.write(word, name === "rmdir");
      break;
    case "pattern":
      for (const word of filesBehindPattern(name, operands, given)) judging.read(word, true);
      break;
    case "second":
      operands.forEach((word, index) => {
        if (index === 0) judging.read(word);
        else judging.write(word);
      });
      break;
    case "cp":
    case "mv":
      claimMove(kind, operands, judging);
      break;
    case "text":
    case "any":
    case "none":
    case "date":
      break;
  }
}

function filesBehindPattern(
  name: string,
  operands: readonly Argument[],
  given: readonly string[],
): readonly Argument[] {
  const isListed = given.some((flag) =>
    ["-e", "--regexp", "--files", "--type-list"].includes(flag),
  );
  // A pattern of file names becomes several words, and only the first is what is looked for.
  const isSplit = operands[0]?.pattern !== undefined;
  const files = operands.slice(isListed || isSplit ? 0 : 1);
  const walksHere =
    name !== "grep" || given.some((flag) => ["-r", "-R", "--recursive"].includes(flag));
  return files.length === 0 && walksHere ? [{ text: "." }] : files;
}

function claimMove(kind: "cp" | "mv", operands: readonly Argument[], judging: Judging): void {
  const sources = operands.slice(0, -1);
  const target = operands.at(-1);
  if (target === undefined || sources.length === 0) return;
  judging.write(target);
  if (!isLiteral(target)) judging.doubt("what it is copied to is known only when it runs");
  for (const source of sources) {
    judging.read(source, true);
    if (kind === "mv") judging.write(source, true);
    if (!isLiteral(target)) continue;
    if (source.text === null) {
      if (!source.isFound) judging.doubt("what it copies is not known");
      continue;
    }
    const name = posix.basename(source.text);
    if (source.pattern === undefined) judging.write({ text: posix.join(target.text, name) });
  }
}

/** Listing what an archive holds; a name with a colon is another machine's. */
function judgeArchive(name: string, words: readonly Argument[], judging: Judging): boolean {
  const lists = name === "tar" ? /^-?[zjJv]*t[zjJv]*f$/ : /^-[lvZ1]$/;
  const [flag, archive, ...rest] = words.slice(1);
  const isPlain =
    lists.test(flag?.text ?? "") &&
    archive !== undefined &&
    [archive, ...rest].every((word) => isLiteral(word) && /^[^-:][^:]*$/.test(word.text));
  judging.run(
    isPlain ? "plain" : "unknown",
    isPlain ? "it lists an archive" : `${name} may write, or run something`,
    words,
  );
  if (archive !== undefined && isPlain) judging.read(archive);
  return true;
}
