import type { Command } from "commander";
import { readCount } from "./option-values.ts";
import { type Exit, examples } from "./program-parts.ts";

/** The commands about parts that offer tools from outside. */
export function addComponents(program: Command, exit: Exit): void {
  program
    .command("ps")
    .description("list the components: state, process, memory, tools, last error")
    .addHelpText("before", examples(["ps", "ps --json"]))
    .action(async (_options, command: Command) => {
      const { listComponents } = await import("./commands/components.ts");
      exit(await listComponents(command.optsWithGlobals()));
    });
  const component = program.command("component").description("see and handle one component");
  addLooking(component, exit);
  addHandling(component, exit);
}

function addLooking(component: Command, exit: Exit): void {
  component
    .command("show <name>")
    .description("show what is known of one, and its tools")
    .addHelpText("before", examples(["component show search"]))
    .action(async (name: string, _options, command: Command) => {
      const { showComponent } = await import("./commands/components.ts");
      exit(await showComponent(name, command.optsWithGlobals()));
    });
  component
    .command("tools [name]")
    .description("list the tools of one, or of all, as models read of them")
    .addHelpText("before", examples(["component tools search"]))
    .action(async (name: string | undefined, _options, command: Command) => {
      const { showTools } = await import("./commands/components.ts");
      exit(await showTools(name, command.optsWithGlobals()));
    });
  component
    .command("logs <name>")
    .description("show the end of a component's log")
    .option("-f, --follow", "go on with what is added")
    .option("-n, --lines <count>", "how many lines", readCount, 20)
    .addHelpText("before", examples(["component logs search -f"]))
    .action(async (name: string, _options, command: Command) => {
      const { componentLog } = await import("./commands/components.ts");
      exit(await componentLog(name, command.optsWithGlobals()));
    });
}

function addHandling(component: Command, exit: Exit): void {
  component
    .command("call <name> <tool> [arguments]")
    .description("call a tool by hand, with its arguments as JSON")
    .addHelpText("before", examples([`component call search search '{"query": "daphnia"}'`]))
    .action(
      async (name: string, tool: string, json: string | undefined, _options, command: Command) => {
        const { callTool } = await import("./commands/components.ts");
        exit(await callTool(name, tool, json ?? "", command.optsWithGlobals()));
      },
    );
  component
    .command("reconnect <name>")
    .description("connect anew; what the daemon started itself is started anew")
    .addHelpText("before", examples(["component reconnect search"]))
    .action(async (name: string, _options, command: Command) => {
      const { reconnectComponent } = await import("./commands/components.ts");
      exit(await reconnectComponent(name, command.optsWithGlobals()));
    });
  component
    .command("add <name> <url>")
    .description("make one known that listens somewhere")
    .addHelpText("before", examples(["component add files http://127.0.0.1:3001/mcp"]))
    .action(async (name: string, url: string, _options, command: Command) => {
      const { addComponent } = await import("./commands/components.ts");
      exit(await addComponent(name, url, command.optsWithGlobals()));
    });
  component
    .command("remove <name>")
    .description("forget one that was added, or that is gone")
    .addHelpText("before", examples(["component remove files"]))
    .action(async (name: string, _options, command: Command) => {
      const { removeComponent } = await import("./commands/components.ts");
      exit(await removeComponent(name, command.optsWithGlobals()));
    });
}
