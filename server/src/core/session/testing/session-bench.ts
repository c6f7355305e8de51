import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentSchema } from "@daphnia/protocol/agent";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import type { Rule } from "@daphnia/protocol/permission";
import { PrincipalSchema } from "@daphnia/protocol/principal";
import { Delivery, TurnOutcome } from "@daphnia/protocol/session";
import { createRedactor } from "../../../base/redact.ts";
import { type MemoryStore, openMemoryStore } from "../../../plugins/memory/memory-store.ts";
import { plainArguments, textPart } from "../../agent/testing/bench-tool.ts";
import { createLog } from "../../log/log.ts";
import { createManualClock, type ManualClock } from "../../log/testing/manual-clock.ts";
import { createPlayedModel, type Plays } from "../../model/testing/played-model.ts";
import { createJudge } from "../../permission/judge.ts";
import { createRuleSet } from "../../permission/rule-set.ts";
import { sessionHead } from "../../projection/session-head.ts";
import type { FileRestorer, Tool } from "../../tool/tool.ts";
import { openDaemonJournal } from "../daemon-journal.ts";
import type { Session } from "../session.ts";
import type { SessionDeps } from "../session-deps.ts";
import { createSessionManager } from "../session-manager.ts";
import { createTurnSlots } from "../turn-slots.ts";

export interface SessionBenchOptions {
  readonly plays: Plays;
  readonly tools?: readonly Tool[];
  readonly agent?: MessageInitShape<typeof AgentSchema>;
  /** A store that another bench has written. */
  readonly store?: MemoryStore;
  readonly clock?: ManualClock;
  readonly slots?: number;
  readonly maxQueuedPrompts?: number;
  readonly isStopping?: () => boolean;
  readonly files?: FileRestorer;
}

export type SessionBench = Awaited<ReturnType<typeof openSessionBench>>;

export const by = create(PrincipalSchema, { id: "tester" });

let minted = 0;

/** The session manager over a memory store: a daemon without doors. */
export async function openSessionBench(options: SessionBenchOptions) {
  const clock = options.clock ?? createManualClock();
  const store = options.store ?? openMemoryStore(() => 0);
  const { events: eventStore, blobs } = store;
  const log = createLog({ store: eventStore, blobs, clock, tailBytes: 1e6, draftTailBytes: 1e6 });
  const journal = await openDaemonJournal({ log, fold: sessionHead, clock });
  const agent = create(AgentSchema, { name: "bench", instructions: "be brief", ...options.agent });
  const model = createPlayedModel(options.plays);
  const bugs: unknown[] = [];
  const kept: Rule[] = [];
  const redactor = createRedactor({ values: [], patterns: [] });
  const deps: SessionDeps = {
    log,
    blobs: store.blobs,
    fold: sessionHead,
    clock,
    mint: (prefix) => `${prefix}-${++minted}`,
    random: () => 0.5,
    agents: { get: (name) => (name === "bench" ? agent : undefined), names: () => ["bench"] },
    models: { open: async () => model },
    defaultModel: () => "played/model",
    toolsFor: () => options.tools ?? [],
    arguments: plainArguments,
    redactor: () => redactor,
    judgeFor: (_agent, { roots }) =>
      createJudge(createRuleSet("standard", []), {
        roots,
        closed: [],
        home: "/home/u",
        temp: "/tmp",
        isSandboxed: false,
      }),
    closed: [],
    slots: createTurnSlots(options.slots ?? 64),
    retry: { attempts: 3, pause: 1000, longest: 60_000 },
    maxQueuedPrompts: options.maxQueuedPrompts ?? 64,
    maxCalls: 200,
    turnTimeout: 3_600_000,
    approvalTimeout: 60_000,
    ruleKeeper: {
      keep: (rules) => ({ records: [], tell: () => void kept.push(...rules) }),
    },
    endOrphans: async () => {},
    files: options.files ?? { restore: async () => "nothing is restored here" },
    isStopping: options.isStopping ?? (() => false),
    onBug: (error) => void bugs.push(error),
  };
  const sessions = createSessionManager(deps, journal);

  async function events(id = "a"): Promise<Event[]> {
    const stored = await store.events.readSession(id, 0, 10_000);
    return stored.map(({ bytes }) => fromBinary(EventSchema, bytes));
  }

  return {
    sessions,
    deps,
    clock,
    store,
    model,
    bugs,
    /** Rules that were allowed for always. */
    kept,
    events,
    /** Creates and gets a session. */
    async open(id = "a"): Promise<Session> {
      const input = {
        id,
        agent: "bench",
        roots: [],
        cwd: "",
        title: "",
        labels: {},
        model: "",
        mode: "",
      };
      await sessions.create(input, { by });
      return sessions.get(id);
    },
    /** A session's story from `turn_started` on, a word an event. */
    story: async (id = "a") => (await events(id)).flatMap(wordOf),
    /** Resolves when a session's story has a word so many times. */
    async until(word: string, id = "a", times = 1): Promise<void> {
      for (let round = 0; round < 2000; round++) {
        const words = (await events(id)).flatMap(wordOf);
        if (words.filter((told) => told === word).length >= times) return breathe();
        await breathe();
      }
      throw new Error(`no "${word}" in: ${(await events(id)).flatMap(wordOf).join(", ")}`);
    },
    close: () => sessions.close(),
  };
}

/** Lets everything run that waits for nothing but its turn. */
export async function breathe(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

export function say(session: Session, text: string, delivery = Delivery.QUEUE) {
  const parts = [textPart(text)];
  const input = { parts, delivery, maxSteps: 0, model: "", unattended: false };
  return session.prompt(input, { by });
}

/** An event as one word, such as `deliver:hello` or `COMPLETED`; none for the dull ones. */
function wordOf({ body }: Event): string[] {
  switch (body.case) {
    case "promptAccepted":
      return body.value.parts.map(({ kind }) =>
        kind.case === "text" ? `accept:${kind.value}` : "",
      );
    case "turnStarted":
      return ["turn"];
    case "toolCallStarted":
      return [`start:${body.value.tool}`];
    case "messageCompleted":
      return [body.value.interrupted ? "interrupted" : "message"];
    case "turnFinished":
      return [TurnOutcome[body.value.outcome] ?? ""];
    case "sessionCreated":
    case "sessionUpdated":
    case "stepStarted":
    case "stepFinished":
    case "toolCallFinished":
      return [];
    default:
      return [body.case ?? ""];
  }
}
