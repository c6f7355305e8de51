import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AgentService } from "@daphnia/protocol/agent_service";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import type { Event } from "@daphnia/protocol/event";
import { eventsUntil } from "./conversation.ts";
import type { DaemonProcess } from "./daemon-process.ts";

/** The doors to what files say, and the files themselves. */
export function fileDoors(daemon: DaemonProcess) {
  const transport = createConnectTransport({
    httpVersion: "1.1",
    baseUrl: "http://localhost",
    nodeOptions: { socketPath: daemon.socket },
  });
  const agents = createClient(AgentService, transport);
  const daemonDoor = createClient(DaemonService, transport);
  return {
    agents,
    daemon: daemonDoor,
    agentFile: (name: string) => join(daemon.home, "agents", `${name}.md`),
    async writeAgent(name: string, text: string) {
      await mkdir(join(daemon.home, "agents"), { recursive: true });
      await writeFile(join(daemon.home, "agents", `${name}.md`), text);
    },
    writeConfig: (text: string) => writeFile(join(daemon.home, "daphnia.toml"), text),
    cursor: async () => (await daemonDoor.getInfo({})).cursor,
    /** What the daemon's own session tells behind a cursor, up to the first that fits. */
    async toldUntil(after: string, isLast: (told: string) => boolean): Promise<string[]> {
      const { daemonSessionId } = await daemonDoor.getInfo({});
      const selector = { sessions: [daemonSessionId] };
      const options = { after, selector };
      const events = await eventsUntil(daemon.client, options, (event) => isLast(tell(event)));
      return events.map(tell);
    },
    /** What the daemon's own session told behind a cursor so far. */
    async told(after: string): Promise<string[]> {
      const { daemonSessionId } = await daemonDoor.getInfo({});
      const selector = { sessions: [daemonSessionId] };
      const events: Event[] = [];
      const options = { selector, after, untilCaughtUp: true, noDeltas: true };
      for await (const { events: batch } of daemon.client.watch(options)) events.push(...batch);
      return events.map(tell);
    },
  };
}

/** An event of the daemon's session in one line; a revision only as there or not. */
function tell({ body }: Event): string {
  switch (body.case) {
    case "recordChanged": {
      const { kind, name, revision, origin } = body.value;
      return `${kind} ${name} ${revision === "" ? "gone" : "changed"} ${origin}`;
    }
    case "configRejected":
      return `rejected ${body.value.file}:${body.value.line}: ${body.value.problem}`;
    default:
      return body.case ?? "nothing";
  }
}
