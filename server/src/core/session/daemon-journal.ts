import { fromBinary } from "@bufbuild/protobuf";
import { SessionCreatedSchema } from "@daphnia/protocol/event";
import type { Principal } from "@daphnia/protocol/principal";
import { SessionSchema } from "@daphnia/protocol/session";
import type { Clock } from "../../base/clock.ts";
import { body } from "../agent/facts.ts";
import type { EventBody } from "../log/event-bodies.ts";
import type { AnsweredRequest, RecordChange } from "../log/event-store.ts";
import type { Log } from "../log/log.ts";
import { createSessionWriter, type Fact, type HeadFold } from "../log/session-writer.ts";

/** Whose doing something is, and the answer to keep for a retry of it. */
export interface Asked {
  readonly by: Principal;
  readonly request?: AnsweredRequest;
}

/** The daemon's own session: what happens to the daemon itself, and deletions. */
export interface DaemonJournal {
  readonly sessionId: string;
  /** Commits what happened with the records it changes; where somebody asked for it, who did. */
  tell(what: EventBody, records?: readonly RecordChange[], asked?: Asked): Promise<void>;
  /** Deletes a session in the transaction that announces it. */
  delete(sessionId: string, announcement: Fact, request?: AnsweredRequest): Promise<void>;
}

/** Opens the daemon's session, or makes it in a new home. */
export async function openDaemonJournal(deps: {
  log: Log;
  fold: HeadFold;
  clock: Clock;
}): Promise<DaemonJournal> {
  const { log } = deps;
  const sessionId = `daemon.${log.id}`;
  const kept = await log.store.readHead(sessionId);
  const writer = createSessionWriter(sessionId, kept && fromBinary(SessionSchema, kept), deps);
  if (writer.head() === undefined) {
    await writer.commit([
      { body: body("sessionCreated", SessionCreatedSchema, { title: "daemon" }) },
    ]);
  }
  return {
    sessionId,
    async tell(what, records, asked) {
      const request = asked?.request;
      await writer.commit([{ body: what, ...(asked && { principal: asked.by }) }], {
        ...(records && { records }),
        ...(request && { answer: () => request }),
      });
    },
    async delete(id, announcement, request) {
      await writer.commit([announcement], {
        deletes: id,
        ...(request && { answer: () => request }),
      });
    },
  };
}
