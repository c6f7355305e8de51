import { spawn } from "node:child_process";
import { constants } from "node:os";
import { homeOf } from "@daphnia/client/home";
import type { Command } from "commander";
import { Complaint } from "./complaint.ts";
import { exitCodes } from "./exit-codes.ts";
import { externalCommands } from "./external-commands.ts";
import { nearNames } from "./near-names.ts";
import type { External } from "./read-external.ts";
import { programName } from "./typed-command.ts";

/**
 * Runs `daphnia-NAME` from PATH in this terminal and for this home. Resolves with its exit
 * code, as a shell tells it.
 */
export async function runExternal(external: External, program: Command): Promise<number> {
  const { name, args, globals } = external;
  const { home, url } = globals;
  const found = externalCommands();
  const path = found.get(name);
  if (path === undefined) {
    const names = [...program.commands.map((command) => command.name()), ...found.keys()];
    const near = nearNames(name, names);
    const remedy =
      near.length === 0 ? `\`${programName()} --help\` lists them` : `did you mean ${orOf(near)}?`;
    const what = `there is no command "${name}", and no daphnia-${name} on PATH`;
    throw new Complaint(exitCodes.usage, what, remedy);
  }
  const child = spawn(path, [...(globals.json ? ["--json"] : []), ...args], {
    stdio: "inherit",
    env: {
      ...process.env,
      DAPHNIA_HOME: homeOf(home === undefined ? {} : { home }),
      // A home that was named beats a url in the environment, as everywhere.
      ...(url !== undefined || home !== undefined ? { DAPHNIA_URL: url ?? "" } : {}),
    },
  });
  // A terminal interrupts both; told twice, the other would give up in the middle of its end.
  const isTold = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const forward = (signal: NodeJS.Signals) =>
    void (signal === "SIGINT" && isTold ? undefined : child.kill(signal));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on("error", (error) =>
        reject(new Complaint(exitCodes.failed, `${path} cannot be run: ${error.message}`)),
      );
      child.on("exit", (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}

function orOf(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" or ");
}
