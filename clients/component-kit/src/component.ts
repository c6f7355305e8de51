import { z } from "zod";
import { runCommandLine } from "./command-line.ts";
import type { ComponentDefinition, Definition, StartContext } from "./definition.ts";
import { checkName } from "./home.ts";
import { type Call, type Tool, tool } from "./tool.ts";

/** A component that can be run. */
export interface Component extends Definition {
  /**
   * Does what a command line says, by default this process's: `start`, `stop`, `status`,
   * `logs` or `run`. Ends the process.
   */
  run(args?: readonly string[]): Promise<never>;
}

/** Puts a component together; throws when its names are none, or two tools share one. */
export function defineComponent(definition: ComponentDefinition): Component {
  checkName(definition.name);
  const names = definition.tools.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two tools are called "${twice}"`);
  const complete: Definition = {
    version: "0.0.0",
    description: "",
    grace: 5000,
    start: () => {},
    ...definition,
  };
  return {
    ...complete,
    async run(args = process.argv.slice(2)) {
      const code = await runCommandLine(complete, args);
      // Once everything is written: whatever a handler left open must not keep the process.
      return new Promise<never>(() => process.stdout.write("", () => process.exit(code)));
    },
  };
}

export { type Call, type ComponentDefinition, type StartContext, type Tool, tool, z };
