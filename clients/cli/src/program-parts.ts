import { programName } from "./typed-command.ts";

/** Told the exit code of the command that ran. */
export type Exit = (code: number) => void;

/** Examples as a command's help shows them. */
export function examples(lines: readonly string[]): string {
  const name = programName();
  return `Examples:\n${lines.map((line) => `  ${name} ${line}`).join("\n")}\n`;
}
