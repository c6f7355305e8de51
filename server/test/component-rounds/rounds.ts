import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Event } from "@daphnia/protocol/event";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import {
  type ComponentProcess,
  componentOf,
  startComponent,
  untilTold,
} from "../component-process.ts";
import { createSession, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { freePort } from "../free-port.ts";

/** How a component dies in mid-call, and by which transport it was reached. */
export interface Round {
  readonly transport: "port file" | "url" | "stdio";
  readonly action: "kill" | "stop" | "restart";
}

/** What came of a round. */
export interface Outcome extends Round {
  readonly status: string;
  /** Milliseconds until the model was told. */
  readonly told: number;
}

/** Milliseconds that a call may be without a sign of life. */
export const idleTimeout = 200;

const older = join(import.meta.dirname, "..", "components", "older.ts");
const name = { "port file": "sample", url: "far", stdio: "near" } as const;

const script = (component: string) => `
repeat = "last"
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "${component}__hang"
    arguments = {}
  [[turn.step]]
  say = "{{result.0}}"
`;

/** Plays rounds against one daemon with a component of each transport. */
export interface RoundPlayer {
  readonly daemon: DaemonProcess;
  play(round: Round): Promise<Outcome>;
  close(): Promise<void>;
}

export async function createRoundPlayer(): Promise<RoundPlayer> {
  const port = await freePort();
  const config = `
[limits]
component_retry_pause = "20ms"
component_idle_timeout = "${idleTimeout}ms"
[components.sample]
trust = true
[components.far]
trust = true
url = "http://127.0.0.1:${port}/mcp"
[components.near]
trust = true
command = ${JSON.stringify([process.execPath, older, "stdio"])}
`;
  const daemon = await startDaemonProcess({ config });
  let sample: ComponentProcess = startComponent(daemon.home);
  let far = startFar(port);
  const sessions = new Map<string, string>();
  for (const component of Object.values(name)) {
    await daemon.script(component, script(component));
    sessions.set(component, await createSession(daemon, component));
    await untilTold(daemon, "componentUp", component);
  }

  async function pidOf(component: string): Promise<number> {
    return component === "far" ? (far.pid ?? 0) : (await componentOf(daemon, component)).pid;
  }

  /** Starts what died anew, as a supervisor does; the daemon does so for what it started. */
  async function replace({ transport }: Round): Promise<void> {
    if (transport === "port file") {
      await sample.kill();
      sample = startComponent(daemon.home);
    }
    if (transport === "url") {
      if (far.exitCode === null && far.signalCode === null) await once(far, "exit");
      far = startFar(port);
    }
  }

  return {
    daemon,
    async play(round) {
      const component = name[round.transport];
      const sessionId = sessions.get(component) ?? "";
      const pid = await pidOf(component);
      const { turnId, cursor } = await prompt(daemon.client, sessionId, "go");
      const from = { after: cursor, selector: { sessions: [sessionId] } };
      const isProgress = ({ body }: Event) => body.case === "toolCallProgressed";
      await eventsUntil(daemon.client, from, isProgress);
      const { cursor: before } = await daemon.client.components.listComponents({});
      const began = performance.now();
      process.kill(pid, round.action === "stop" ? "SIGSTOP" : "SIGKILL");
      if (round.action === "restart") await replace(round);
      const isAnswer = ({ body }: Event) => body.case === "toolCallFinished";
      const answer = (await eventsUntil(daemon.client, from, isAnswer)).at(-1)?.body;
      const told = performance.now() - began;
      await eventsUntil(daemon.client, from, endOf(turnId));
      if (round.action === "kill") await replace(round);
      if (round.action === "stop") process.kill(pid, "SIGCONT");
      else await untilTold(daemon, "componentUp", component, before);
      const status = answer?.case === "toolCallFinished" ? answer.value.status : 0;
      return { ...round, status: ToolCallStatus[status] ?? "", told };
    },
    async close() {
      await sample.kill();
      far.kill("SIGKILL");
      await daemon.remove();
    },
  };
}

function startFar(port: number): ChildProcess {
  return spawn(process.execPath, [older, "http", String(port)], { stdio: "ignore" });
}
