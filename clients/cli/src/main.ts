import { CommanderError } from "commander";
import { createProgram } from "./program.ts";

/** The command line's entry: runs one command and ends the process with its exit code. */
const arguments_ = process.argv.slice(2);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0); // whoever read this has enough
  throw error;
});
leave(await run(arguments_));

async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = createProgram((result) => {
    code = result;
  });
  try {
    if (args[0] === "completion" || args[0] === "complete") {
      const { completion } = await import("./commands/completion.ts");
      return await completion(program, args);
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
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return complain(error, args.includes("--json"));
  }
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

/** Once everything is written: what an idle connection still holds must not keep the process. */
function leave(code: number): void {
  process.stdout.write("", () => process.exit(code));
}
