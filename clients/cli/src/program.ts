import { Command, Option } from "commander";
import { collect, readCount, readDuration, readLabel, readSpeed } from "./option-values.ts";
import type { Globals } from "./target.ts";
import { programName } from "./typed-command.ts";
import { version } from "./version.ts";

/** Told the exit code of the command that ran. */
export type Exit = (code: number) => void;

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
  addAgents(program, exit);
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

function addSeeing(program: Command, exit: Exit): void {
  program
    .command("events")
    .description("watch everything that happens; goes on by itself after a restart")
    .option("--session <id>", "only of this session; may be repeated", collect)
    .option("--agent <name>", "only of this agent; may be repeated", collect)
    .option("--family <name>", "only session, prompt, turn, step, tool or daemon", collect)
    .option("--body <name>", "only this event, such as turn_finished; may be repeated", collect)
    .option("--label <key=value>", "only of sessions with this label", readLabel)
    .option("--since <cursor>", "from behind a cursor, or from `beginning` (default: now)")
    .option("--until-caught-up", "end where the log ends now (default since: beginning)")
    .option("--deltas", "show what is being written, as it is written")
    .addHelpText(
      "before",
      examples([
        "events",
        "events --since beginning --until-caught-up --json",
        "events --session SESSION --deltas",
        "events --body turn_finished --body tool_call_finished",
      ]),
    )
    .action(async (_options, command: Command) => {
      const { events } = await import("./commands/events.ts");
      exit(await events(command.optsWithGlobals()));
    });
  addLookingBack(program, exit);
}

function addLookingBack(program: Command, exit: Exit): void {
  program
    .command("trace [session|turn]")
    .description("show where a session's time, tokens and money went (default: the newest one's)")
    .addOption(
      new Option("--format <name>", "a tree, or a file for Perfetto and speedscope")
        .choices(["tree", "chrome"])
        .default("tree"),
    )
    .addHelpText("before", examples(["trace", "trace TURN --format chrome > trace.json"]))
    .action(async (id: string | undefined, _options, command: Command) => {
      const { trace } = await import("./commands/trace.ts");
      exit(await trace(id, command.optsWithGlobals()));
    });
  program
    .command("replay [session]")
    .description("play a session again, as it was written, at its own pace or faster")
    .option(
      "--speed <times>",
      "times as fast, such as 2 or 0.5; `max` waits for nothing",
      readSpeed,
      1,
    )
    .option("--from <seq>", "from this event on", readCount)
    .addHelpText("before", examples(["replay", "replay SESSION --speed 4 --from 20"]))
    .action(async (id: string | undefined, _options, command: Command) => {
      const { replay } = await import("./commands/replay.ts");
      exit(await replay(id, command.optsWithGlobals()));
    });
  program
    .command("transcript [session]")
    .description("print what was said in a session, as Markdown")
    .option("--at <seq>", "as it was after this event (default: now)", readCount)
    .addHelpText("before", examples(["transcript > talk.md"]))
    .action(async (id: string | undefined, _options, command: Command) => {
      const { transcript } = await import("./commands/transcript.ts");
      exit(await transcript(id, command.optsWithGlobals()));
    });
  program
    .command("request")
    .argument("[session|turn]")
    .argument("[step]", "a number from 1 (default: the last one)", readCount)
    .description("print exactly what a step sent to its model")
    .addHelpText("before", examples(["request", "request TURN 2"]))
    .action(
      async (id: string | undefined, step: number | undefined, _options, command: Command) => {
        const { request } = await import("./commands/request.ts");
        exit(await request(id, step, command.optsWithGlobals()));
      },
    );
}

function addPermissions(program: Command, exit: Exit): void {
  const permissions = program.command("permissions").description("see what agents may do, and why");
  permissions
    .command("explain <tool> <arguments...>")
    .description("say which rule decides about a call, without running it")
    .option("--mode <mode>", "readonly, restrictive, guarded, standard or yolo")
    .option("--agent <name>", "with this agent's mode and rules")
    .addOption(
      new Option("--root <dir>", "a folder it may use; may be repeated").argParser(collect),
    )
    .option("--cwd <dir>", "the folder it runs in (default: the first root, or this one)")
    .option("--rules <file>", "a file of rules, in place of those of daphnia.toml")
    .addOption(new Option("--sandbox <state>", "as if commands ran in one").choices(["on", "off"]))
    .addHelpText(
      "before",
      examples(["permissions explain bash 'git status && rm x'", "permissions mode standard"]),
    )
    .action(async (tool: string, words: string[], _options, command: Command) => {
      const { explainCall } = await import("./commands/permissions.ts");
      exit(await explainCall(tool, words, command.optsWithGlobals()));
    });
  permissions
    .command("mode [name]")
    .description("print the rules of a mode, in the order in which they count")
    .option("--agent <name>", "with this agent's rules")
    .action(async (name: string | undefined, _options, command: Command) => {
      const { showMode } = await import("./commands/permissions.ts");
      exit(await showMode(name, command.optsWithGlobals()));
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

function examples(lines: readonly string[]): string {
  const name = programName();
  return `Examples:\n${lines.map((line) => `  ${name} ${line}`).join("\n")}\n`;
}
