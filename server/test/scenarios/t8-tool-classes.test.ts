import assert from "node:assert/strict";
import { cp, lstat, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Event } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { logOf } from "../conversation.ts";
import { cutLog } from "../cut-log.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";
import { pairingProblem } from "../tool-pairing.ts";
import { answersOf, attemptsOf, requestsOf } from "./t8-calls.ts";

const model = "anthropic/claude-sonnet-5";

/** One class of tools: by a tool of it, called thrice in one step. */
interface ToolClass {
  readonly name: "read_only" | "idempotent" | "unsafe";
  readonly tool: string;
  /** The files of its calls; those that it makes hold a line afterwards. */
  readonly files: readonly string[];
  readonly argumentsFor: (path: string) => Record<string, string>;
}

const classes: readonly ToolClass[] = [
  {
    name: "read_only",
    tool: "read",
    files: ["read-1", "read-2", "read-3"],
    argumentsFor: (path) => ({ path }),
  },
  {
    name: "idempotent",
    tool: "write",
    files: ["write-1", "write-2", "write-3"],
    argumentsFor: (path) => ({ path, content: "once\n" }),
  },
  {
    name: "unsafe",
    tool: "append",
    files: ["append-1", "append-2", "append-3"],
    argumentsFor: (path) => ({ path, line: "once" }),
  },
];

/** How many events a turn of three calls leaves, whatever their class. */
const whole = 17;
/** After which of them a call is started and not answered. */
const underWay = { first: 8, last: 12 };
/** What became of such a call, as far as nobody knows. */
const worlds = ["had happened", "had not happened"] as const;
type World = (typeof worlds)[number];

describe("three calls of one class, cut off anywhere", () => {
  let server: ModelServer;
  let daemon: DaemonProcess;
  let reopened: DaemonProcess;
  const sessions = new Map<string, { readonly id: string; readonly log: readonly Event[] }>();
  const refused: string[] = [];
  const pathOf = (name: string) => join(daemon.folder, name);

  before(async () => {
    const refuse = (body: Buffer) => {
      const problem = pairingProblem(body);
      if (problem !== undefined) refused.push(problem);
      return problem;
    };
    server = await startModelServer({ refuse });
    const environment = { ANTHROPIC_API_KEY: "sk-test", ANTHROPIC_BASE_URL: server.url };
    daemon = await startDaemonProcess({ environment });
    reopened = await startDaemonProcess({ environment });
    teach(server, pathOf);
    await layOut([], () => true);
    for (const { name } of classes) {
      const { session } = await daemon.client.sessions.createSession({
        ...{ roots: [daemon.folder], model },
      });
      const sessionId = session?.id ?? "";
      const { outcome } = await daemon.client.sessions.ask({ sessionId, text: name });
      assert.equal(outcome, TurnOutcome.COMPLETED);
      const log = await logOf(daemon.client, sessionId);
      assert.equal(log.length, whole, name);
      assert.deepEqual(
        [...attemptsOf(log).values()],
        Array.from({ length: 3 }, () => [1]),
      );
      sessions.set(name, { id: sessionId, log });
    }
    assert.deepEqual(
      await Promise.all(effects().map(held)),
      effects().map(() => "once\n"),
    );
    assert.equal(await daemon.stop(), 0);
  });
  after(async () => {
    await reopened?.remove();
    await daemon?.remove();
    await server?.close();
  });

  /** The files of the calls that change something. */
  const effects = () => classes.slice(1).flatMap(({ files }) => files.map(pathOf));

  /** What a session's log says up to an event. */
  function pastOf({ name }: ToolClass, last: number) {
    const { id = "", log = [] } = sessions.get(name) ?? {};
    const past = log.slice(0, last);
    const started = new Set(attemptsOf(past).keys());
    const answered = new Set(answersOf(past));
    const open = [...started].filter((callId) => !answered.has(callId));
    const wasAccepted = past.some(({ body }) => body.case === "promptAccepted");
    return { id, log, wasAccepted, started, answered, open };
  }

  /** Puts the folder where a crash would have left it: what had its effect is there. */
  async function layOut(logs: readonly (readonly Event[])[], hadEffect: (id: string) => boolean) {
    for (const path of effects()) await rm(path, { force: true });
    for (const path of classes[0]?.files.map(pathOf) ?? []) await writeFile(path, "here\n");
    for (const [callId, path] of logs.flatMap(pathsOf)) {
      if (hadEffect(callId) && !path.includes("read-")) await writeFile(path, "once\n");
    }
  }

  async function reopen(last: number): Promise<void> {
    assert.equal(await reopened.stop(), 0);
    await rm(reopened.home, { recursive: true });
    await cp(daemon.home, reopened.home, { recursive: true });
    for (const { id } of sessions.values()) cutLog(reopened.home, id, last);
  }

  /** One class goes on; what became of its calls, beside what the past knew of them. */
  async function goOn(one: ToolClass, last: number) {
    const past = pastOf(one, last);
    const { sessions: api } = reopened.client;
    const answer = await api.ask({ sessionId: past.id, text: "go on" });
    const { outcome, text, error } = answer;
    assert.deepEqual([outcome, text, error], [TurnOutcome.COMPLETED, "I am still here.", ""]);
    const now = await logOf(reopened.client, past.id);
    assert.deepEqual(answersOf(now), requestsOf(now), `${one.name}: one answer for each call`);
    return { one, past, now };
  }

  async function cutAfter(last: number, world: World): Promise<void> {
    const pasts = classes.map((one) => pastOf(one, last));
    const isUnderWay = pasts.some(({ open }) => open.length > 0);
    assert.equal(isUnderWay, last >= underWay.first && last <= underWay.last);
    const hadEffect = new Set(
      pasts.flatMap((past) => [...(world === "had happened" ? past.started : past.answered)]),
    );
    const logs = pasts.map(({ log }) => log);
    await layOut(logs, (callId) => hadEffect.has(callId));
    const inodes = new Map<string, string | undefined>();
    for (const path of effects()) inodes.set(path, await inodeOf(path));
    await reopen(last);
    await reopened.start();

    const ended = await Promise.all(classes.map((one) => goOn(one, last)));
    assert.deepEqual(refused, []);
    const calls = ended.flatMap(({ one, past, now }) =>
      pathsOf(past.wasAccepted ? now : []).map(([id, path]) => ({ id, path, one, past, now })),
    );
    assert.equal(calls.length, pasts.every(({ wasAccepted }) => wasAccepted) ? 9 : 0);
    for (const { id, path, one, past, now } of calls) {
      const wanted = wantedOf(one, past.open.includes(id), hadEffect.has(id));
      assert.deepEqual(await becameOf(id, path, now), wanted, path);
      // What was there is the same file still: nothing was done to it again.
      assert.ok([undefined, await inodeOf(path)].includes(inodes.get(path)), `${path}: made again`);
    }
  }

  for (let last = 1; last <= whole; last++) {
    const isOne = last < underWay.first || last > underWay.last;
    // Where nothing is under way the two worlds are one.
    for (const world of isOne ? worlds.slice(0, 1) : worlds) {
      it(`T8: goes on after event ${last}, where what was under way ${world}`, () =>
        cutAfter(last, world));
    }
  }
});

/** What is to become of a call, by its class, whether it was cut off, and whether it had its effect by then. */
function wantedOf({ name }: ToolClass, wasOpen: boolean, hadEffect: boolean) {
  const isLeft = wasOpen && name === "unsafe";
  const made = isLeft && !hadEffect ? undefined : "once\n";
  return {
    attempts: wasOpen && !isLeft ? [1, 2] : [1],
    status: isLeft ? ToolCallStatus.INTERRUPTED : ToolCallStatus.OK,
    file: name === "read_only" ? "here\n" : made,
  };
}

/** How a call was started and answered, and what its file holds now. */
async function becameOf(callId: string, path: string, log: readonly Event[]) {
  const attempts = attemptsOf(log).get(callId);
  const status = statusesOf(log).get(callId);
  return { attempts, status, file: await held(path) };
}

/** Ids of the calls of the first step, and the file of each. */
function pathsOf(log: readonly Event[]): [string, string][] {
  const parts = log.flatMap(({ body }) =>
    body.case === "messageCompleted" ? (body.value.message?.parts ?? []) : [],
  );
  return parts.flatMap(({ kind }): [string, string][] => {
    if (kind.case !== "toolCall") return [];
    const { path }: { path: string } = JSON.parse(kind.value.arguments);
    return [[kind.value.callId, path]];
  });
}

function statusesOf(log: readonly Event[]): Map<string, ToolCallStatus> {
  return new Map(
    log.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? [[body.value.callId, body.value.status] as const] : [],
    ),
  );
}

/** What a file holds; undefined where there is none. */
async function held(path: string): Promise<string | undefined> {
  return (await inodeOf(path)) === undefined ? undefined : await readFile(path, "utf8");
}

/** Which file it is, and when it was last changed; undefined where there is none. */
async function inodeOf(path: string): Promise<string | undefined> {
  const stats = await lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return stats && `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
}

function teach({ mock }: ModelServer, pathOf: (name: string) => string): void {
  mock.onMessage("go on", { content: "I am still here." });
  mock.on({ hasToolResult: true }, { content: "All are done." });
  for (const { name, tool, files, argumentsFor } of classes) {
    const toolCalls = files.map((file, i) => ({
      id: `call_${i}`,
      name: tool,
      arguments: JSON.stringify(argumentsFor(pathOf(file))),
    }));
    mock.onMessage(name, { toolCalls });
  }
}
