import { type Command, Option } from "commander";
import { collect, readCount, readLabel, readSpeed } from "./option-values.ts";
import { type Exit, examples } from "./program-parts.ts";

/** Commands that show what happens, and what happened. */
export function addSeeing(program: Command, exit: Exit): void {
  program
    .command("events")
    .description("watch everything that happens; goes on by itself after a restart")
    .option("--session <id>", "only of this session; may be repeated", collect)
    .option("--agent <name>", "only of this agent; may be repeated", collect)
    .option(
      "--family <name>",
      "only session, prompt, turn, step, tool, approval, rules or daemon",
      collect,
    )
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
  program
    .command("dashboard")
    .description("open the dashboard in a browser, which it lets in")
    .option("--no-open", "print its address only")
    .addHelpText("before", examples(["dashboard", "dashboard --no-open"]))
    .action(async (_options, command: Command) => {
      const { dashboard } = await import("./commands/dashboard.ts");
      exit(await dashboard(command.optsWithGlobals()));
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
    .option("--diff", "how it differs from what the step before it sent")
    .addHelpText("before", examples(["request", "request TURN 2", "request --diff"]))
    .action(
      async (id: string | undefined, step: number | undefined, _options, command: Command) => {
        const { request } = await import("./commands/request.ts");
        exit(await request(id, step, command.optsWithGlobals()));
      },
    );
}
