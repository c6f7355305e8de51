import { parseArgs } from "node:util";
import { serveUntilEnded } from "./commands/run.ts";
import { showLog } from "./commands/show-log.ts";
import { start } from "./commands/start.ts";
import { status } from "./commands/status.ts";
import { stop } from "./commands/stop.ts";
import type { Definition } from "./definition.ts";
import { exitCodes } from "./exit-codes.ts";

const options = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
  json: { type: "boolean" },
  quiet: { type: "boolean" },
  uninstall: { type: "boolean" },
  follow: { type: "boolean", short: "f" },
  lines: { type: "string", short: "n" },
} as const;

type Option = keyof typeof options;

/** The options that a command reads, besides `--help`. */
const commands: Readonly<Record<string, readonly Option[]>> = {
  start: [],
  stop: ["uninstall"],
  status: ["json"],
  logs: ["follow", "lines", "json"],
  run: ["quiet"],
};

/** Does what a component's command line says. Resolves with the exit code. */
export async function runCommandLine(
  component: Definition,
  args: readonly string[],
): Promise<number> {
  try {
    return await runParsed(component, args);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${component.name}: ${message}\n`);
    return isUsage(error) ? exitCodes.usage : exitCodes.failed;
  }
}

async function runParsed(component: Definition, args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [command, ...rest] = positionals;
  if (values.version) return say(component.version);
  if (values.help) return say(helpOf(component));
  if (command === undefined) {
    process.stderr.write(`${helpOf(component)}\n`);
    return exitCodes.usage;
  }
  checkUsage(command, rest, values);
  switch (command) {
    case "start":
      return start(component);
    case "stop":
      return stop(component, { uninstall: values.uninstall ?? false });
    case "status":
      return status(component, { json: values.json ?? false });
    case "logs":
      return showLog(component.name, {
        follow: values.follow ?? false,
        lines: readCount(values.lines),
        json: values.json ?? false,
      });
    default:
      return serveUntilEnded(component, { quiet: values.quiet ?? false });
  }
}

class UsageError extends Error {
  override readonly name = "UsageError";
}

function checkUsage(command: string, rest: readonly string[], values: object): void {
  const known = commands[command];
  if (known === undefined) {
    throw new UsageError(
      `unknown command "${command}"; there is ${Object.keys(commands).join(", ")}`,
    );
  }
  if (rest.length > 0) throw new UsageError(`${command} takes no "${rest.join(" ")}"`);
  const allowed: readonly string[] = known;
  const other = Object.keys(values).find((name) => !allowed.includes(name));
  if (other !== undefined) throw new UsageError(`${command} takes no --${other}`);
}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return error instanceof TypeError && "code" in error && /^ERR_PARSE_ARGS/.test(`${error.code}`);
}

function readCount(text = "50"): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(`--lines takes a number, not "${text}"`);
}

function helpOf({ name, description, tools }: Definition): string {
  return `${description === "" ? `The component ${name}.` : description}

  start              run in the background: as a service where there is a manager of services
  stop [--uninstall] end it; with --uninstall remove the service
  status [--json]    say whether it runs, and where
  logs [-f] [-n N]   show its log; -f goes on, -n says how many lines, --json as they are
  run [--quiet]      serve in the foreground until Ctrl-C; --quiet logs to the file alone

Tools: ${tools.map((tool) => tool.name).join(", ") || "none"}.
Exit codes: 0 ok, 1 failed, 2 usage, 3 does not run, 4 runs already.`;
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}
