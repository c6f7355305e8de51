import { setImmediate } from "node:timers/promises";
import type { Event } from "@daphnia/protocol/event";
import type { Draft } from "../src/core/log/draft.ts";
import type { Model, ModelRequest } from "../src/core/model/model.ts";
import { openDaemonJournal } from "../src/core/session/daemon-journal.ts";
import { createSessionManager } from "../src/core/session/session-manager.ts";
import { by, openSessionBench, say } from "../src/core/session/testing/session-bench.ts";
import type { Tool } from "../src/core/tool/tool.ts";

export type ModelBench = Awaited<ReturnType<typeof openModelBench>>;

/** A session that any model answers in: a daemon without doors, over a memory store. */
export async function openModelBench(model: Model, tools: readonly Tool[]) {
  const bench = await openSessionBench({ plays: [], tools });
  const requests: ModelRequest[] = [];
  const drafts = new Map<string, Map<number, string>>();
  const { log, clock, fold } = bench.deps;
  const asked: Model = {
    ...model,
    stream(request, signal) {
      requests.push(request);
      return model.stream(request, signal);
    },
  };
  const deps = {
    ...bench.deps,
    models: { open: async () => asked },
    log: {
      ...log,
      openDraft: (...given: Parameters<typeof log.openDraft>) =>
        overheard(log.openDraft(...given), drafts),
    },
  };
  const sessions = createSessionManager(deps, await openDaemonJournal({ log, fold, clock }));
  const input = {
    id: "a",
    agent: "bench",
    roots: [],
    cwd: "",
    title: "",
    labels: {},
    model: "",
    mode: "",
  };
  await sessions.create(input, { by });
  const session = await sessions.get("a");

  return {
    session,
    /** What the model was asked, call by call. */
    requests,
    /** What was streamed, by draft and part. */
    drafts,
    bugs: bench.bugs,
    events: () => bench.events("a"),
    /** Prompts, and gives all events when its turn has ended. Pauses before retries are skipped. */
    async turn(text: string): Promise<readonly Event[]> {
      const { turnId } = await say(session, text);
      for (const until = Date.now() + 20_000; Date.now() < until; await setImmediate()) {
        const events = await bench.events("a");
        const last = events.at(-1);
        if (last?.body.case === "turnFinished" && last.turnId === turnId) return events;
        if (last?.body.case === "stepRetried") bench.clock.advance(60_000);
      }
      throw new Error(`the turn that "${text}" began does not end`);
    },
    async close(): Promise<void> {
      await sessions.close();
      await bench.close();
    },
  };
}

/** A draft whose pieces are noted on their way to the store. */
function overheard(draft: Draft, drafts: Map<string, Map<number, string>>): Draft {
  const parts = new Map<number, string>();
  drafts.set(draft.draftId, parts);
  return {
    ...draft,
    start(part, start) {
      parts.set(part, "");
      draft.start(part, start);
    },
    write(part, text) {
      parts.set(part, (parts.get(part) ?? "") + text);
      draft.write(part, text);
    },
  };
}
