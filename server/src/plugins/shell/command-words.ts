import type { Command } from "unbash";
import { type Argument, opaque } from "./argument.ts";
import { readText, readWord, type WordContext } from "./words.ts";

/** The name and words; an assignment behind the name is a word like any other. */
export function wordsIn({ name, args }: Command, context: WordContext): readonly Argument[] {
  args.forEach((word, index) => {
    const before = index === 0 ? name : args[index - 1];
    // To bash they are one word: a substitution with text behind it.
    if (before?.end === word.pos) context.doubt("two words without a blank between them", "");
  });
  const rest = args.flatMap((argument) => {
    if (argument.type === "Word") return readWord(argument, context);
    const value = argument.value.type === "Word" ? readText(argument.value, context) : opaque;
    if (argument.value.type !== "Word") {
      for (const element of argument.value.elements) readWord(element, context);
    }
    if (argument.index) readWord(argument.index, context);
    const isPlain = value.text !== null && !argument.append && !argument.index;
    return [isPlain ? { text: `${argument.name}=${value.text}` } : opaque];
  });
  return name === undefined ? rest : [...readWord(name, context), ...rest];
}
