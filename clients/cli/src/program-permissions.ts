import { type Command, Option } from "commander";
import { collect } from "./option-values.ts";
import { type Exit, examples } from "./program-parts.ts";

/** Commands about what agents may do, and what they ask. */
export function addPermissions(program: Command, exit: Exit): void {
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
    .addOption(
      new Option(
        "--sandbox <state>",
        "as if commands ran in one, or did not (default: as they do)",
      ).choices(["on", "off"]),
    )
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
  permissions
    .command("revoke <name>")
    .description("take back a rule that an answer `always` added, such as always:1")
    .addHelpText("before", examples(["permissions mode", "permissions revoke always:1"]))
    .action(async (name: string, _options, command: Command) => {
      const { revokeRule } = await import("./commands/permissions.ts");
      exit(await revokeRule(name, command.optsWithGlobals()));
    });
  addProjects(permissions, exit);
}

/** The rules that folders bring along. */
function addProjects(permissions: Command, exit: Exit): void {
  permissions
    .command("project [folder]")
    .description("show the rules that a folder brings along in .daphnia/rules.toml")
    .action(async (folder: string | undefined, _options, command: Command) => {
      const { showProject } = await import("./commands/project.ts");
      exit(await showProject(folder ?? ".", command.optsWithGlobals()));
    });
  permissions
    .command("trust [folder]")
    .description("let a folder's rules allow too, as they are now; untrusted ones only tighten")
    .option("--yes", "without asking")
    .option("--revoke", "trust them no more")
    .addHelpText("before", examples(["permissions project", "permissions trust ."]))
    .action(async (folder: string | undefined, _options, command: Command) => {
      const { trustProject } = await import("./commands/project.ts");
      exit(await trustProject(folder ?? ".", command.optsWithGlobals()));
    });
}

/** What waits for a person, and the answers. */
export function addApprovals(program: Command, exit: Exit): void {
  const approvals = program
    .command("approvals")
    .description("list what waits for your answer; watch it, or answer");
  approvals
    .command("list", { isDefault: true })
    .description("list what waits, longest waiting first")
    .option("--session <id>", "only of this session")
    .addHelpText("before", examples(["approvals", "approvals --json"]))
    .action(async (_options, command: Command) => {
      const { listApprovals } = await import("./commands/approvals.ts");
      exit(await listApprovals(command.optsWithGlobals()));
    });
  approvals
    .command("watch")
    .description("show each whole as it comes, and how it is answered; goes on after a restart")
    .option("--session <id>", "only of this session")
    .action(async (_options, command: Command) => {
      const { followApprovals } = await import("./commands/approvals.ts");
      exit(await followApprovals(command.optsWithGlobals()));
    });
  const answer = new Option("--answer <text>", "a question's answer: a number, an option or a text")
    .argParser(collect)
    .conflicts(["session", "always", "deny"]);
  approvals
    .command("answer <id>")
    .description("answer one; without a choice you are asked. The start or end of its id will do")
    .addOption(new Option("--once", "allow this call").conflicts(["session", "always", "deny"]))
    .addOption(
      new Option("--session", "and all like it in its session").conflicts(["always", "deny"]),
    )
    .addOption(new Option("--always", "and add the rules that it shows").conflicts("deny"))
    .option("--deny", "do not allow it")
    .option("--reason <text>", "with --deny: why, for the agent to read")
    .addOption(answer)
    .addHelpText(
      "before",
      examples([
        "approvals answer ID",
        "approvals answer ID --once",
        'approvals answer ID --deny --reason "use the staging host"',
        'approvals answer ID --answer 2 --answer "next week"',
      ]),
    )
    .action(async (id: string, _options, command: Command) => {
      const { answerApproval } = await import("./commands/answer-approval.ts");
      exit(await answerApproval(id, command.optsWithGlobals()));
    });
}
