import { toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Component, ComponentSchema, ComponentState } from "@daphnia/protocol/component";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { commandLineOf, toolLines } from "../component-text.ts";
import { oneLine, safeJson, shortened, visible, visibleLine } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytesText, durationText } from "../figures.ts";
import { requireDaemon } from "../find-daemon.ts";
import { catchInterrupts } from "../interrupts.ts";
import { partsText } from "../part-text.ts";
import { createScreen, type Style } from "../screen.ts";
import { tableOf } from "../table.ts";
import { type Globals, type Target, targetOf } from "../target.ts";

const styles: Readonly<Partial<Record<ComponentState, Style>>> = {
  [ComponentState.UP]: "green",
  [ComponentState.DOWN]: "red",
  [ComponentState.STALE]: "red",
};

/** Lists the components, down ones too. */
export async function listComponents(options: Globals): Promise<number> {
  const { screen, client } = await open(options);
  const { components } = await client.components.listComponents({});
  if (options.json) {
    const all = components.map((component) => toJson(ComponentSchema, component));
    screen.print(safeJson({ components: all }, 2));
  } else if (components.length === 0) {
    screen.say(screen.tint("dim", "no component has announced itself, and the config names none"));
  } else {
    const now = Date.now();
    const rows = components.map((one) =>
      rowOf(one, now, (style, text) => screen.paint(style, text)),
    );
    const heading = ["COMPONENT", "STATE", "PID", "UP", "MEMORY", "TOOLS", "AGENTS", "LAST ERROR"];
    for (const line of tableOf(heading, rows, screen.paint)) screen.print(line);
  }
  return exitCodes.ok;
}

/** Shows one component: all that is known of it, and its tools. */
export async function showComponent(name: string, options: Globals): Promise<number> {
  const { screen, client } = await open(options);
  const { component } = await client.components.getComponent({ name });
  if (component === undefined) throw new Error("the daemon answered without a component");
  if (options.json) screen.print(safeJson(toJson(ComponentSchema, component), 2));
  else for (const line of componentLines(component, Date.now())) screen.print(line);
  return exitCodes.ok;
}

/** Shows the tools of one, or of all. */
export async function showTools(name: string | undefined, options: Globals): Promise<number> {
  const { screen, client } = await open(options);
  const { components } = await client.components.listComponents({});
  const wanted =
    name === undefined ? components : [(await client.components.getComponent({ name })).component];
  const tools = wanted.flatMap((component) => component?.tools ?? []);
  if (options.json) {
    const told = tools.map(({ name: tool, description, parameters, component, readOnly }) => ({
      ...{ name: tool, component, description, readOnly, parameters: JSON.parse(parameters) },
    }));
    screen.print(safeJson({ tools: told }, 2));
  } else for (const line of tools.flatMap(toolLines)) screen.print(line);
  return exitCodes.ok;
}

/** Calls a tool by hand. */
export async function callTool(
  component: string,
  tool: string,
  json: string,
  options: Globals,
): Promise<number> {
  const { screen, client } = await open(options);
  const { status, parts } = await client.components.callTool({ component, tool, arguments: json });
  if (options.json) {
    screen.print(safeJson({ status: ToolCallStatus[status], text: partsText(parts) }, 2));
  } else screen.print(visible(partsText(parts)));
  if (status === ToolCallStatus.OK) return exitCodes.ok;
  return status === ToolCallStatus.TIMEOUT ? exitCodes.timeout : exitCodes.failed;
}

/** Connects anew, and says what came of it. */
export async function reconnectComponent(name: string, options: Globals): Promise<number> {
  const { screen, client } = await open(options);
  const { component } = await client.components.reconnectComponent({ name });
  if (component === undefined) throw new Error("the daemon answered without a component");
  if (options.json) screen.print(safeJson(toJson(ComponentSchema, component), 2));
  else screen.say(`${name} is ${stateText(component)}`);
  return component.state === ComponentState.UP ? exitCodes.ok : exitCodes.failed;
}

/** Makes one known that listens somewhere. */
export async function addComponent(name: string, url: string, options: Globals): Promise<number> {
  const { screen, client } = await open(options);
  await client.components.registerComponent({ requestId: crypto.randomUUID(), name, url });
  screen.say(`${name} is known now; ${commandLineOf(targetOf(options), "ps")} shows how it is`);
  return exitCodes.ok;
}

/** Forgets one that was added, or whose process left its port file behind. */
export async function removeComponent(name: string, options: Globals): Promise<number> {
  const { screen, client } = await open(options);
  await client.components.removeComponent({ requestId: crypto.randomUUID(), name });
  screen.say(`${name} is forgotten`);
  return exitCodes.ok;
}

export interface ComponentLogOptions extends Globals {
  readonly follow?: boolean;
  readonly lines: number;
}

/** Shows the end of a component's log, and what is added to it. */
export async function componentLog(name: string, options: ComponentLogOptions): Promise<number> {
  const { screen, client } = await open(options);
  const leave = new AbortController();
  const release = catchInterrupts(
    () => leave.abort(),
    () => process.exit(exitCodes.canceled),
  );
  const { lines, follow = false } = options;
  try {
    const asked = { name, lines, follow };
    const { signal } = leave;
    for await (const batch of client.components.tailComponentLog(asked, { signal })) {
      for (const line of batch.lines) screen.print(visibleLine(line));
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  } finally {
    release();
  }
  return exitCodes.ok;
}

async function open(
  options: Globals,
): Promise<Pick<Target, "client"> & { screen: ReturnType<typeof createScreen> }> {
  const target = targetOf(options);
  await requireDaemon(target);
  return { client: target.client, screen: createScreen() };
}

function rowOf(
  component: Component,
  now: number,
  paint: (style: Style, text: string) => string,
): string[] {
  const { name, state, pid, upTime, residentBytes, tools, trusted, agents, reason, lastError } =
    component;
  const style = styles[state];
  const word = (ComponentState[state] ?? "").toLowerCase();
  const count = tools.length === 0 ? "" : `${tools.length}${trusted ? "" : " (not trusted)"}`;
  return [
    oneLine(name),
    style === undefined ? word : paint(style, word),
    pid === 0 ? "" : String(pid),
    upTime === undefined ? "" : durationText(now - timestampMs(upTime)),
    residentBytes === 0n ? "" : bytesText(Number(residentBytes)),
    count,
    shortened(oneLine(agents.join(" ")), 30),
    shortened(oneLine(reason || lastError), 60),
  ];
}

function stateText({ state, reason }: Component): string {
  const word = (ComponentState[state] ?? "").toLowerCase();
  return reason === "" ? word : `${word}: ${visibleLine(reason)}`;
}

function componentLines(component: Component, now: number): string[] {
  const { name, version, address, protocol, pid, upTime, retryTime, agents, lastError } = component;
  const facts: readonly (readonly [string, string])[] = [
    ["component", [name, version].filter(Boolean).join(" ")],
    ["state", stateText(component)],
    ["address", address],
    ["speaks", protocol === "" ? "" : `MCP ${protocol}`],
    ["process", pid === 0 ? "" : String(pid)],
    ["up", upTime === undefined ? "" : durationText(now - timestampMs(upTime))],
    ["tried", retryTime === undefined ? "" : `in ${durationText(timestampMs(retryTime) - now)}`],
    ["trusted", component.trusted ? "yes" : "no: the first agent that needs it asks"],
    ["agents", agents.join(" ")],
    ["last error", lastError],
  ];
  return [
    ...facts
      .filter(([, value]) => value !== "")
      .map(([key, value]) => `${key.padEnd(10)} ${visibleLine(value)}`),
    ...(component.tools.length === 0 ? [] : [""]),
    ...component.tools.flatMap(toolLines),
  ];
}
