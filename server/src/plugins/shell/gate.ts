const longest = 12_000;

/**
 * What makes the text itself doubtful, whatever a parser reads in it: characters
 * that people do not see or that parsers take for blanks and bash does not.
 */
export function gate(source: string): readonly string[] {
  const doubts: string[] = [];
  if (/^[ \t\n]*$/.test(source)) doubts.push("the line is empty");
  if (hasControl(source)) doubts.push("it holds a control character");
  if (/\p{Cf}/u.test(source)) doubts.push("it holds a character that is not seen");
  if (/[^\P{Zs} ]|[\u2028\u2029]/u.test(source)) doubts.push("it holds an unusual blank");
  if (/[^ \t\n]\\\n/.test(source)) doubts.push("a line break is escaped inside a word");
  if (/\\$/.test(source)) doubts.push("it ends in a backslash");
  if (/[<>]&(?!\d+-?(?=[\s;&|()<>]|$)|-(?=[\s;&|()]|$)|[ \t]*[^-\s\d&<>|;()])/.test(source)) {
    doubts.push("a descriptor is copied in an unusual way");
  }
  if (source.includes(")#") && /[<>]\(/.test(source)) doubts.push("a # may belong to a word");
  if (source.startsWith("#!")) doubts.push("it begins like a script file");
  if (source.length > longest) doubts.push(`it is longer than ${longest} characters`);
  return doubts;
}

/** Whether a text holds a control character that is no tab and no line break. */
export function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return /[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(text);
}
