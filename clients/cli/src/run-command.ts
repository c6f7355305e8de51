import { CommanderError } from "commander";
import { externalHelp } from "./external-commands.ts";
import { createProgram } from "./program.ts";
import { builtInCommands, externalOf } from "./read-external.ts";

/** Runs one command of the whole command line. What fails is told; resolves with the exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return complain(error, args.includes("--json"));
  }
}

async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = createProgram((result) => {
    code = result;
  });
  const external = externalOf(args, program);
  if (external !== undefined) {
    const { runExternal } = await import("./run-external.ts");
    return runExternal(external, program);
  }
  program.addHelpText("after", () => externalHelp(builtInCommands(program)));
  if (args[0] === "completion" || args[0] === "complete") {
    const { completion } = await import("./commands/completion.ts");
    return completion(program, args);
  }
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((c) => c.commands),
  ]) {
    command.exitOverride();
  }
  await program.parseAsync([...args], { from: "user" });
  return code;
}

async function complain(error: unknown, isJson: boolean): Promise<number> {
  const { describeError } = await import("./describe-error.ts");
  const { safeJson } = await import("./escape-text.ts");
  const { message, remedy, reason, exitCode } = describeError(error);
  const hint = remedy === "" ? "" : `\n  ${remedy}`;
  process.stderr.write(`daphnia: ${message}${hint}\n`);
  if (isJson) {
    process.stdout.write(`${safeJson({ error: { reason, message, remedy, exitCode } }, 2)}\n`);
  }
  if (process.env["DAPHNIA_DEBUG"] && error instanceof Error) {
    process.stderr.write(`${error.stack}\n`);
  }
  return exitCode;
}
