import { realpathSync } from "node:fs";
import { infoOf } from "@daphnia/client/reasons";
import { Complaint } from "./complaint.ts";
import { oneLine } from "./escape-text.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Target } from "./target.ts";
import { programName } from "./typed-command.ts";

/** A session, or one turn of it. */
export interface Place {
  readonly sessionId: string;
  /** Empty for the whole session. */
  readonly turnId: string;
}

/** What an id names, a session or else a turn; without one, the newest session. */
export async function findPlace(id: string | undefined, target: Target): Promise<Place> {
  const { sessions, events } = target.client;
  if (id === undefined) return { sessionId: await newestSession(target), turnId: "" };
  try {
    await sessions.getSession({ sessionId: id });
    return { sessionId: id, turnId: "" };
  } catch (error) {
    if (infoOf(error)?.reason !== "NOT_FOUND" || !id.startsWith("turn-")) throw error;
  }
  // One of both names every turn, also one that waits; the first is enough.
  const selector = { turnId: id, bodies: ["prompt_accepted", "turn_started"] };
  const { events: found } = await events.listEvents({ selector, pageSize: 1 });
  const [first] = found;
  if (first !== undefined) return { sessionId: first.sessionId, turnId: id };
  throw new Complaint(
    exitCodes.failed,
    `there is no turn "${oneLine(id)}"`,
    `\`${programName()} trace SESSION\` names a session's turns`,
  );
}

/** The newest session: this folder's, or where it has none, of all. */
export async function newestSession(target: Target): Promise<string> {
  const here = target.kind === "home" ? realpathSync(process.cwd()) : "";
  for (const cwd of here === "" ? [""] : [here, ""]) {
    // The daemon's own session is one of those without a folder.
    const { sessions } = await target.client.sessions.listSessions({ cwd, pageSize: 2 });
    const newest = sessions.find(({ id }) => !id.startsWith("daemon."));
    if (newest !== undefined) return newest.id;
  }
  throw new Complaint(
    exitCodes.failed,
    "there is no session yet",
    `begin one with \`${programName()} ask\``,
  );
}
