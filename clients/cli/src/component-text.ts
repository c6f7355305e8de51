import type { Tool } from "@daphnia/protocol/tool";
import { visible, visibleLine } from "./escape-text.ts";
import type { Target } from "./target.ts";
import { commandFor } from "./typed-command.ts";

/** A tool as a person judges it: all that a model would read, whatever it takes. */
export function toolLines({ name, description, readOnly }: Tool): string[] {
  const [first = "", ...rest] = visible(description).split("\n");
  const mark = readOnly ? " (only reads)" : "";
  return [`${visibleLine(name)}${mark}`, ...[first, ...rest].map((line) => `    ${line}`)];
}

/** A command line that reaches the same daemon. */
export function commandLineOf(target: Target, command: string): string {
  return `\`${commandFor(target, command)}\``;
}
