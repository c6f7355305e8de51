import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@daphnia/client/node";
import { ComponentOrigin } from "@daphnia/protocol/component";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createComponents } from "../../src/core/component/components.ts";
import { createRunContext } from "../../src/core/tool/testing/run-context.ts";
import { systemClock } from "../../src/daemon/system.ts";
import { createMcpDriver } from "../../src/plugins/mcp/mcp-driver.ts";
import { type ComponentProcess, startComponent } from "../../test/component-process.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { startDaemon } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

/** Milliseconds that a process has to come to rest. */
const rest = 6000;
const more = 8;

export const components: Question = {
  name: "components",
  asks: "What does a component cost, in memory and for each call?",
  method: `VmRSS of a daemon ${rest} ms after it has no component, one, and ${more} more, made by the kit and announced by port files; medians of several daemons. A call of an echo, through the tool that a session would use, beside the same with the MCP client library alone, in turns and in one process.`,
  notMeasured:
    "The component's own memory. Of the call: the rules, the store, and the RPC of whoever asked.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const sizes = await interleave(isQuick ? 1 : 3, { all: () => memory(bench) });
    const first = median(sizes.all.map(([none = 0, one = 0]) => one - none));
    const further = median(sizes.all.map(([, one = 0, many = 0]) => (many - one) / more));
    const { direct, through } = await calls(isQuick ? 50 : 300);
    const baseline = withUnit(median(direct), "ms");
    const added = median(through) - median(direct);
    return [
      judged("RSS of the first component", { value: first, unit: "MB", most: 16 }),
      judged("RSS of each further one", { value: further, unit: "MB", most: 0.5 }),
      judged("added to a call, p50", { value: added, unit: "ms", baseline, most: 3 }),
    ];
  },
};

async function memory(bench: BenchContext["package"]): Promise<readonly number[]> {
  const daemon = await startDaemon(bench);
  const client = connect({ home: daemon.home });
  const started: ComponentProcess[] = [];
  const start = async (name: string) => {
    started.push(startComponent(daemon.home, name));
    const isUp = { bodies: ["component_up"] };
    for await (const { events } of client.watch({ after: "beginning", selector: isUp })) {
      if (events.some(({ body }) => body.case === "componentUp" && body.value.name === name)) break;
    }
  };
  const size = async () => {
    await sleep(rest);
    return daemon.resident();
  };
  const none = await size();
  await start("first");
  const one = await size();
  for (let i = 0; i < more; i++) await start(`more-${i}`);
  const many = await size();
  for (const component of started) await component.kill();
  await daemon.stop();
  return [none, one, many];
}

/** Milliseconds of calls, each way. */
async function calls(count: number) {
  const home = temporaryHome();
  const component = startComponent(home, "echo");
  const file = `${home}/run/echo.port`;
  while (!existsSync(file)) await sleep(20);
  const { port, pid, token } = JSON.parse(readFileSync(file, "utf8"));
  const url = `http://127.0.0.1:${port}/mcp`;
  const headers = { authorization: `Bearer ${token}` };
  const client = new Client(
    { name: "bench", version: "0" },
    { versionNegotiation: { mode: "auto" } },
  );
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  );
  const ours = createComponents({
    driver: createMcpDriver({ version: "0", onProcess: async () => {}, onExit() {}, onLog() {} }),
    clock: systemClock,
    limits: () => ({ ping: 15_000, retryPause: 1000, idleStop: 300_000 }),
    times: () => ({ idleTimeout: 60_000, callTimeout: 60_000 }),
    isMarked: () => true,
    isTrusted: () => true,
    digest: (text) => text,
    tell() {},
  });
  const endpoint = { kind: "http", url, headers, pid, serverName: "echo" } as const;
  ours.declare({ name: "echo", origin: ComponentOrigin.PORT_FILE, endpoint });
  await ours.settled();
  const tool = ours.tools().find(({ spec }) => spec.name === "echo__echo");
  if (tool === undefined) throw new Error("the component offers no echo");
  const place = {
    ...{ sessionId: "bench", roots: [], closed: [], cwd: "/" },
    ...{ envPass: [], hasNetwork: false },
  };
  const found = await interleave(count, {
    direct: () => timed(() => client.callTool({ name: "echo", arguments: { text: "hello" } })),
    through: () =>
      timed(async () => (await tool.claim({ text: "hello" }, place)).run(createRunContext())),
  });
  await ours.close("the bench is over");
  await client.close();
  await component.kill();
  rmSync(home, { recursive: true });
  return found;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), "daphnia-bench-"));
  mkdirSync(join(home, "run"), { mode: 0o700 });
  return home;
}
