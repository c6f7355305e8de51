import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import { invalidField } from "../../base/errors.ts";
import type { Claim, ClaimedCall, Place, Tool, ToolAnswer } from "../../core/tool/tool.ts";
import { commandEnvironment, type Environment } from "./command-environment.ts";
import { type Gate, startGate } from "./gate.ts";
import { createOutputPipes } from "./output-pipes.ts";
import { type CommandEnd, runCommand } from "./run-command.ts";
import type { Enclosure, Sandbox, SandboxFinder, SandboxMode } from "./sandbox.ts";

export interface BashToolOptions {
  /** What a command would touch, without running it. */
  readonly claimsOf: (command: string, place: Place) => Promise<readonly Claim[]>;
  readonly sandbox: SandboxFinder;
  /** Asked at each call, since a person may change it. */
  readonly mode: () => SandboxMode;
  /** The daemon's own. */
  readonly environment: Environment;
}

/** Runs a line of bash, exactly as it was judged. */
export function createBashTool(options: BashToolOptions): Tool {
  const pipes = createOutputPipes();
  return {
    spec: create(ToolSchema, {
      name: "bash",
      description,
      parameters: JSON.stringify(parameters),
    }),
    effect: "unsafe",
    async claim(given, place) {
      const command = commandOf(given["command"]);
      const seconds = secondsOf(given["timeout"]);
      const claims = await options.claimsOf(command, place);
      const environment = commandEnvironment(options.environment, place);
      const start = async () => {
        const sandbox = await chooseSandbox(options);
        const enclosure = await sandbox?.enclose(place);
        const words = [...(enclosure?.words ?? []), ...bash, command];
        try {
          const gate = await startGate(words, { cwd: place.cwd, environment, pipes });
          return { gate, enclosure, sandbox };
        } catch (error) {
          enclosure?.release();
          throw error;
        }
      };
      return callOf(claims, seconds, start);
    },
  };
}

const bash = ["bash", "--norc", "--noprofile", "-c"];
const usualSeconds = 120;
const mostSeconds = 3600;
/** One word of a command line holds 128 KiB on Linux. */
const mostBytes = 120 * 1024;

const description = `Runs a line or a script of bash and answers what it printed, errors among \
it in order, and its exit code when that is not 0. Every call starts anew in the working folder: \
cd, variables and background jobs do not last beyond it, and what still runs when the line ends \
is killed. Standard input is empty, so nothing can ask. It is stopped after ${usualSeconds} \
seconds unless timeout says otherwise. Of long output the middle is left out. It may run in a \
sandbox: then only the session's folders and /tmp can be written, and no other tool sees what is in \
/tmp; keys and credentials cannot be read, and there is no network unless it was granted. To read, search and \
change files, the tools for that are better.`;

const parameters = {
  type: "object",
  properties: {
    command: {
      type: "string",
      minLength: 1,
      description: "The line, or several. Quote paths with spaces.",
    },
    timeout: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: mostSeconds,
      description: `After how many seconds it is stopped; ${usualSeconds} if not given, at most ${mostSeconds}.`,
    },
  },
  required: ["command"],
  additionalProperties: false,
};

function commandOf(value: unknown): string {
  if (typeof value !== "string" || value.trim() === "") {
    throw invalidField("command", "must be text that is not empty");
  }
  if (value.includes("\0")) throw invalidField("command", "must not contain a NUL character");
  const bytes = Buffer.byteLength(value);
  if (bytes > mostBytes) {
    const advice = "write a file and run that";
    throw invalidField("command", `must have at most ${mostBytes} bytes, got ${bytes}; ${advice}`);
  }
  return value;
}

function secondsOf(value: unknown = usualSeconds): number {
  if (typeof value === "number" && value > 0 && value <= mostSeconds) return value;
  const shown = JSON.stringify(value);
  throw invalidField(
    "timeout",
    `must be seconds, more than 0, at most ${mostSeconds}; got ${shown}`,
  );
}

/** Without a sandbox that is required, nothing runs. */
async function chooseSandbox({ sandbox, mode }: BashToolOptions): Promise<Sandbox | undefined> {
  const wanted = mode();
  if (wanted === "off") return undefined;
  const state = await sandbox.find();
  if (state.works) return state.sandbox;
  if (wanted === "auto") return undefined;
  throw new Error(`commands must run in a sandbox here, and there is none: ${state.why}`);
}

interface Started {
  readonly gate: Gate;
  readonly enclosure: Enclosure | undefined;
  readonly sandbox: Sandbox | undefined;
}

function callOf(
  claims: readonly Claim[],
  seconds: number,
  start: () => Promise<Started>,
): ClaimedCall {
  let started: Promise<Started> | undefined;
  return {
    claims,
    async prepare() {
      started ??= start();
      const { gate, sandbox } = await started;
      return { pid: gate.pid, startTime: gate.startTime, sandbox: sandbox?.name ?? "" };
    },
    async drop() {
      const begun = await started?.catch(() => undefined); // nothing began: `prepare` told why
      if (begun === undefined) return;
      const { gate, enclosure } = begun;
      gate.stop(0);
      await gate.ended;
      gate.output.destroy();
      enclosure?.release();
    },
    async run(context) {
      started ??= start();
      const { gate, enclosure } = await started;
      try {
        return answerOf(await runCommand(gate, context, seconds * 1000), seconds);
      } finally {
        enclosure?.release();
      }
    },
  };
}

function answerOf({ text, code, signal, isTimeout }: CommandEnd, seconds: number): ToolAnswer {
  const isError = code !== 0;
  const notes: string[] = [];
  if (isTimeout) notes.push(`[stopped: it took longer than ${seconds} s; timeout allows more]`);
  else if (signal !== null) notes.push(`[ended by ${signal}]`);
  else if (isError) notes.push(`[exit code ${code}]`);
  else if (text === "") notes.push("[it printed nothing]");
  const gap = text === "" || text.endsWith("\n") || notes.length === 0 ? "" : "\n";
  const value = `${text}${gap}${notes.join("\n")}`;
  return {
    parts: [create(PartSchema, { kind: { case: "text", value } })],
    isError: isError || isTimeout,
    ...(isTimeout && { isTimeout }),
  };
}
