import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** Prints a shell's completion script, or answers a shell that asks what may come next. */
export async function completion(program: Command, args: readonly string[]): Promise<number> {
  tab(program, { completionCommandName: "completion" });
  await program.parseAsync([...args], { from: "user" });
  return 0;
}
