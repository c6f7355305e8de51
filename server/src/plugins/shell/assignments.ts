import type { Assignment, Function as FunctionNode, Word } from "unbash";
import { type Argument, opaque } from "./argument.ts";
import type { Judging } from "./judging.ts";
import { readText, readWord, type WordContext } from "./words.ts";

/** Names that a command may be given without changing what it runs. */
export const harmlessName =
  /^(CI|NODE_ENV|LANG|LANGUAGE|LC_[A-Z]+|TZ|NO_COLOR|FORCE_COLOR|CLICOLOR|COLUMNS|LINES|TERM|RUST_BACKTRACE|RUST_LOG|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|DEBUG|LOG_LEVEL|VERBOSE)$/;

/** `name=value`, for itself or before a command. */
export function assign(
  { name, value, append, index, text }: Assignment,
  about: {
    readonly judging: Judging;
    readonly context: WordContext;
    readonly variables: Map<string, Argument>;
    readonly isSetOnce: (name: string) => boolean;
    readonly isBefore: boolean;
  },
): void {
  const { judging, context, variables, isSetOnce, isBefore } = about;
  if (index) readWord(index, context);
  const read = value.type === "Word" ? readText(value, context) : readAll(value.elements, context);
  if (index || append || value.type !== "Word") judging.doubt("an array or an addition", text);
  else if (harmlessName.test(name)) return;
  else if (isBefore) judging.doubt(`${name} may change what runs`, text);
  else if (!/^[a-z_][a-z0-9_]*$/.test(name) || name === "histchars" || name.endsWith("_proxy")) {
    judging.doubt(`${name} may mean something to the shell or to a program`, text);
  }
  if (!isBefore) variables.set(name, isSetOnce(name) && !append && !index ? read : opaque);
}

function readAll(words: readonly Word[], context: WordContext): Argument {
  for (const word of words) readWord(word, context);
  return opaque;
}

/** Whether a function starts itself twice, as `:(){ :|:& };:` does. */
export function isForkBomb({ name, body }: FunctionNode): boolean {
  const pattern = name.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const calls = [
    ...JSON.stringify(body).matchAll(new RegExp(`"name":\\{[^{}]*"text":"${pattern}"`, "g")),
  ];
  return calls.length > 1;
}
