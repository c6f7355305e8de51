import type { Command } from "commander";
import type { Globals } from "./target.ts";

/** A command line whose command is not built in. */
export interface External {
  readonly name: string;
  readonly args: readonly string[];
  readonly globals: Globals;
}

/** Commands that are built in without being declared. */
const undeclared = ["help", "completion", "complete"];

/** Every name that another program's would be hidden by. */
export function builtInCommands(program: Command): readonly string[] {
  const declared = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
  return [...undeclared, ...declared];
}

/** What of a command line is for another program; nothing where the command is built in. */
export function externalOf(args: readonly string[], program: Command): External | undefined {
  const { globals, rest } = readGlobals(args);
  const [first, ...others] = rest;
  const builtIn = builtInCommands(program);
  if (first === undefined || first.startsWith("-")) return undefined;
  if (!builtIn.includes(first)) return { name: first, args: others, globals };
  const [about] = others;
  if (first !== "help" || about === undefined || about.startsWith("-")) return undefined;
  return builtIn.includes(about) ? undefined : { name: about, args: ["--help"], globals };
}

/** The options that stand before a command, and what is left. */
function readGlobals(args: readonly string[]): { globals: Globals; rest: readonly string[] } {
  let globals: Globals = {};
  for (let at = 0; ; ) {
    const [word = "", next] = args.slice(at, at + 2);
    const [, name, joined] = /^--(home|url)(?:=(.*))?$/.exec(word) ?? [];
    if (word === "--json") {
      globals = { ...globals, json: true };
      at += 1;
    } else if (name !== undefined && (joined ?? next) !== undefined) {
      globals = { ...globals, [name]: joined ?? next };
      at += joined === undefined ? 2 : 1;
    } else {
      return { globals, rest: args.slice(at) };
    }
  }
}
