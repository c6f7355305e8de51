import { systemClock } from "../../src/daemon/system.ts";
import { createMcpDriver } from "../../src/plugins/mcp/mcp-driver.ts";

/**
 * What the conformance suite runs as the client: connects with the server at the URL
 * that it is given, as the daemon does, and calls each of its tools once.
 */
const url = process.argv.at(-1) ?? "";
const driver = createMcpDriver({
  version: "0.0.0",
  onProcess: async () => {},
  onExit() {},
  onLog() {},
});
const { signal } = new AbortController();
const endpoint = { kind: "http", url, headers: {}, pid: 0 } as const;
const link = await driver.connect("conformance", endpoint, () => {}, signal);
for (const { name, parameters } of link.tools()) {
  const answer = await link.call({
    ...{ tool: name, arguments: argumentsFor(parameters), signal, roots: [] },
    ...{ idleTimeout: 20_000, callTimeout: 20_000 },
    progress() {},
    sample: async () => undefined,
    // A person who answers nothing more than yes: what is asked for has defaults.
    ask: async (questions) =>
      questions.map(() => ({ $typeName: "daphnia.v1.Answer", labels: [], text: "" })),
  });
  if (answer.kind !== "answer") throw new Error(answer.why);
}
await link.close();
systemClock.after(0, () => process.exit(0));

/** Something that fits a schema of numbers and texts. */
function argumentsFor(parameters: string): Record<string, unknown> {
  const schema: { properties?: Record<string, { type?: string }> } = JSON.parse(parameters);
  const fields = Object.entries(schema.properties ?? {});
  return Object.fromEntries(fields.map(([name, { type }]) => [name, type === "string" ? "x" : 1]));
}
