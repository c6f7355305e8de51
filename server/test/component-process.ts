import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Component, ComponentState } from "@daphnia/protocol/component";
import type { Event } from "@daphnia/protocol/event";
import { eventsUntil } from "./conversation.ts";
import type { DaemonProcess } from "./daemon-process.ts";

const entry = join(import.meta.dirname, "components", "sample.ts");

/** A component of the kit in a process of its own, in a daemon's home. */
export interface ComponentProcess {
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Ends it as a person does; the exit code. */
  stop(): Promise<number | null>;
}

export function startComponent(
  home: string,
  name = "sample",
  environment: Readonly<Record<string, string>> = {},
): ComponentProcess {
  const child = spawn(process.execPath, [entry, name, "run", "--quiet"], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], DAPHNIA_HOME: home, ...environment },
  });
  return {
    pid: child.pid ?? 0,
    signal: (signal) => void child.kill(signal),
    async kill() {
      await ended(child, "SIGKILL");
    },
    stop: () => ended(child, "SIGTERM"),
  };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = once(child, "exit");
  child.kill("SIGCONT");
  child.kill(signal);
  const [code] = await gone;
  return typeof code === "number" ? code : null;
}

/** What the daemon knows of a component now. */
export async function componentOf(daemon: DaemonProcess, name: string): Promise<Component> {
  const { component } = await daemon.client.components.getComponent({ name });
  if (component === undefined) throw new Error(`there is no ${name}`);
  return component;
}

export const stateOf = async (daemon: DaemonProcess, name: string): Promise<string> =>
  ComponentState[(await componentOf(daemon, name)).state] ?? "";

/** Waits for what the log tells of a component, from its beginning or behind a cursor. */
export async function untilTold(
  daemon: DaemonProcess,
  what: "componentUp" | "componentDown" | "componentFound" | "componentRemoved",
  name = "sample",
  after = "beginning",
): Promise<Event> {
  const isIt = ({ body }: Event) => body.case === what && body.value.name === name;
  const events = await eventsUntil(daemon.client, { after }, isIt);
  const last = events.at(-1);
  if (last === undefined || !isIt(last)) throw new Error(`nothing told of ${what} ${name}`);
  return last;
}
