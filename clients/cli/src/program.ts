import { Command, Option } from "commander";
import { collect, readCount, readDuration, readLabel } from "./option-values.ts";
import { addComponents } from "./program-components.ts";
import { type Exit, examples } from "./program-parts.ts";
import { addApprovals, addPermissions } from "./program-permissions.ts";
import { addSeeing } from "./program-seeing.ts";
import type { Globals } from "./target.ts";
import { version } from "./version.ts";

/** The whole command line. What a command does is loaded when it runs. */
export function createProgram(exit: Exit): Command {
  const program = new Command("daphnia")
    .description("Runs LLM agents as a service, and lets you see everything they do.")
    .version(version, "-V, --version", "print the version")
    .option("--home <dir>", "the daemon's home (default: DAPHNIA_HOME, or ~/.daphnia)")
    .option("--url <url>", "a daemon elsewhere (default: DAPHNIA_URL), with DAPHNIA_TOKEN")
    .option("--json", "print JSON for programs")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(--help shows examples and options)")
    .addHelpText("before", examples(["ask What is in this folder?", "events", "demo"]))
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 failed, 2 usage, 3 no daemon, 4 home in use, 5 denied, 6 budget,\n7 timeout, 130 canceled. DAPHNIA_DEBUG=1 shows stack traces; NO_COLOR takes the colours away.",
    );
  addTalking(program, exit);
  addSessions(program, exit);
  addSeeing(program, exit);
  addApprovals(program, exit);
  addUndo(program, exit);
  addAgents(program, exit);
  addComponents(program, exit);
  addPermissions(program, exit);
  addDaemon(program, exit);
  addHousekeeping(program, exit);
  return program;
}

function addTalking(program: Command, exit: Exit): void {
  input(program.command("ask [text...]"))
    .description("say something to an agent in this folder and see the answer come")
    .option("-c, --continue", "go on with this folder's last session")
    .addOption(new Option("--session <id>", "go on with this session").conflicts("continue"))
    .addOption(new Option("--agent <name>", "who answers (default: default)").conflicts("session"))
    .addOption(
      new Option("--root <dir>", "a folder it may use; may be repeated (default: this one)")
        .argParser(collect)
        .conflicts(["session", "continue"]),
    )
    .option("--mode <mode>", "what it may do: readonly, restrictive, guarded, standard or yolo")
    .option("--timeout <time>", "cancel after this long, such as 90s or 5m", readDuration)
    .option("--stream", "with --json: a line for every event and delta, the answer last")
    .addHelpText(
      "before",
      examples([
        "ask What does this project do?",
        "ask -c And how is it tested?",
        "ask --model anthropic/claude-sonnet-5 --file notes.md Shorten this",
      ]),
    )
    .action(async (words: string[], _options, command: Command) => {
      const { ask } = await import("./commands/ask.ts");
      exit(await ask(words, command.optsWithGlobals()));
    });
  input(program.command("prompt <session> [text...]"))
    .description("put a prompt on record, print its ids, and wait for nothing")
    .option("--steer", "deliver it into the running turn, before its next step")
    .addOption(new Option("--interrupt", "cancel the running turn and go first").conflicts("steer"))
    .addHelpText("before", examples(["prompt SESSION --steer Leave the tests alone"]))
    .action(async (session: string, words: string[], _options, command: Command) => {
      const { prompt } = await import("./commands/prompt.ts");
      exit(await prompt(session, words, command.optsWithGlobals()));
    });
  program
    .command("demo")
    .description("start a daemon here, run one turn with real tools, and show its events")
    .addHelpText("before", examples(["demo"]))
    .action(async (_options, command: Command) => {
      const { demo } = await import("./commands/demo.ts");
      exit(await demo(command.optsWithGlobals()));
    });
}

function input(command: Command): Command {
  return command
    .option("--file <file>", "add a file's text; may be repeated", collect)
    .option("--attach <file>", "attach a file, such as an image; may be repeated", collect)
    .option("--model <provider/model>", "the model that answers")
    .option("--max-steps <number>", "most model calls of the turn", readCount)
    .option("--unattended", "nobody is here to be asked: the agent's own policy decides")
    .option("--no-start", "start no daemon where none runs");
}

function addSessions(program: Command, exit: Exit): void {
  const sessions = program
    .command("sessions")
    .description("list sessions; show, delete, cancel or resume one");
  sessions
    .command("list", { isDefault: true })
    .description("list sessions, newest first")
    .option("--agent <name>", "only of this agent")
    .option("--state <state>", "only idle, queued, running, waiting or suspended", collect)
    .option("--label <key=value>", "only with this label; may be repeated", readLabel)
    .option("--here", "only of this folder")
    .option("--limit <number>", "at most this many", readCount, 50)
    .option("--all", "the daemon's own session too")
    .addHelpText("before", examples(["sessions", "sessions --state running --label team=web"]))
    .action(async (_options, command: Command) => {
      const { listSessions } = await import("./commands/list-sessions.ts");
      exit(await listSessions(command.optsWithGlobals()));
    });
  sessions
    .command("show <id>")
    .description("show a session and what was said in it")
    .action(async (id: string, _options, command: Command) => {
      const { showSession } = await import("./commands/session.ts");
      exit(await showSession(id, command.optsWithGlobals()));
    });
  sessions
    .command("delete <id...>")
    .description("remove sessions, their events and blobs, for everyone")
    .action(async (ids: string[], _options, command: Command) => {
      const { deleteSessions } = await import("./commands/session.ts");
      exit(await deleteSessions(ids, command.optsWithGlobals()));
    });
  sessions
    .command("cancel <id>")
    .description("cancel the running turn")
    .option("--clear-queue", "withdraw the waiting prompts too")
    .action(async (id: string, _options, command: Command) => {
      const { cancelSession } = await import("./commands/session.ts");
      exit(await cancelSession(id, command.optsWithGlobals()));
    });
  sessions
    .command("resume <id>")
    .description("let a suspended turn go on")
    .action(async (id: string, _options, command: Command) => {
      const { resumeSession } = await import("./commands/session.ts");
      exit(await resumeSession(id, command.optsWithGlobals()));
    });
}

function addUndo(program: Command, exit: Exit): void {
  program
    .command("undo")
    .argument("<session|turn>", "the turn, or its session")
    .argument("[turn]")
    .description("put files that a turn changed back, where nothing changed them since")
    .addHelpText("before", examples(["undo TURN", "undo SESSION TURN"]))
    .action(async (first: string, second: string | undefined, _options, command: Command) => {
      const { undo } = await import("./commands/undo.ts");
      exit(await undo(first, second, command.optsWithGlobals()));
    });
}

function addAgents(program: Command, exit: Exit): void {
  program
    .command("agents [name]")
    .description("list agents, or show one")
    .addHelpText("before", examples(["agents", "agents default"]))
    .action(async (name: string | undefined, _options, command: Command) => {
      const { agents } = await import("./commands/agents.ts");
      exit(await agents(name, command.optsWithGlobals()));
    });
  program
    .command("models [provider]")
    .description("list who serves models and whether their keys are set, or one's models")
    .addHelpText("before", examples(["models", "models anthropic"]))
    .action(async (provider: string | undefined, _options, command: Command) => {
      const { models } = await import("./commands/models.ts");
      exit(await models(provider, command.optsWithGlobals()));
    });
}

function addDaemon(program: Command, exit: Exit): void {
  const daemon = program.command("daemon").description("start, stop and look at the daemon");
  const commands = {
    run: "serve in the foreground until Ctrl-C or SIGTERM",
    start: "start in the background, unless it runs",
    stop: "let running turns reach a safe point, and stop",
    restart: "stop, and start in the background",
    status: "say what it is and does",
    reload: "read the config and the agents' files anew",
  } as const;
  daemon.addHelpText("before", examples(["daemon start", "daemon status"]));
  for (const name of ["run", "start", "stop", "restart", "status", "reload"] as const) {
    daemon
      .command(name)
      .description(commands[name])
      .action(async (_options, command: Command) => {
        const all = await import("./commands/daemon.ts");
        const options: Globals = command.optsWithGlobals();
        const { daemonRun: run, daemonStart: start, daemonStop: stop } = all;
        const { daemonRestart: restart, daemonStatus: status, daemonReload: reload } = all;
        exit(await { run, start, stop, restart, status, reload }[name](options));
      });
  }
}

function addHousekeeping(program: Command, exit: Exit): void {
  program
    .command("logs")
    .description("show the daemon's own log")
    .option("-f, --follow", "and what is added to it")
    .option("-n, --lines <number>", "this many lines from its end", readCount, 50)
    .addHelpText("before", examples(["logs -f"]))
    .action(async (_options, command: Command) => {
      const { logs } = await import("./commands/logs.ts");
      exit(await logs(command.optsWithGlobals()));
    });
  program
    .command("doctor")
    .description("look at everything that is needed, and say what mends it")
    .option("--deep", "read the whole store as well, which can take minutes")
    .action(async (_options, command: Command) => {
      const { doctor } = await import("./commands/doctor.ts");
      exit(await doctor(command.optsWithGlobals()));
    });
  program
    .command("paths")
    .description("say where everything lies")
    .action(async (_options, command: Command) => {
      const { paths } = await import("./commands/paths.ts");
      exit(paths(command.optsWithGlobals()));
    });
  program
    .command("purge")
    .description("delete the home: every session, event and file in it")
    .option("--yes", "without asking")
    .action(async (_options, command: Command) => {
      const { purge } = await import("./commands/purge.ts");
      exit(await purge(command.optsWithGlobals()));
    });
}
