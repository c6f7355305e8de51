import { gate } from "./gate.ts";
import type { Finding, Scene } from "./scene.ts";
import { walkScript } from "./walk-line.ts";

/** Tells what a line of bash would touch, without running it. */
export type ShellReader = (source: string, scene: Scene) => readonly Finding[];

let loading: Promise<ShellReader> | undefined;

/** The parser is loaded by the first who needs it. */
export function loadShellReader(): Promise<ShellReader> {
  loading ??= import("unbash").then(({ parse }) => createReader(parse));
  return loading;
}

function createReader(parse: typeof import("unbash").parse): ShellReader {
  return (source, scene) => {
    const findings: Finding[] = gate(source).map((why) => ({
      claim: { kind: "opaque", why },
      text: source,
    }));
    try {
      const isSetOnce = (name: string) => countBare(source, name) === 1;
      const count = { commands: 0 };
      const walk = { scene, findings, parse, isSetOnce, source, count };
      walkScript(parse(source), walk, [scene.cwd]);
    } catch (error) {
      // A defect of the parser must not let a line through: it asks.
      const why = `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      findings.push({ claim: { kind: "opaque", why }, text: source });
    }
    return findings;
  };
}

/** How often a name stands in a text with no `$` before it. */
function countBare(source: string, name: string): number {
  if (name === "") return 0; // a parser's way to say that there is none; it would be found for ever
  let count = 0;
  for (let at = source.indexOf(name); at >= 0; at = source.indexOf(name, at + name.length)) {
    const before = source.slice(Math.max(0, at - 2), at);
    const after = source[at + name.length] ?? "";
    const isPart = /\w$/.test(before) || /\w/.test(after);
    const isUse = before.endsWith("$") || before === "${";
    if (!isPart && !isUse) count++;
  }
  return count;
}
