import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type Session, SessionSchema, SessionState } from "@daphnia/protocol/session";
import { Complaint } from "../complaint.ts";
import { oneLine, safeJson, shortened } from "../escape-text.ts";
import { outcomeText } from "../event-summary.ts";
import { exitCodes } from "../exit-codes.ts";
import { ageText } from "../figures.ts";
import { requireDaemon } from "../find-daemon.ts";
import { createScreen } from "../screen.ts";
import { tableOf } from "../table.ts";
import { type Globals, type Target, targetOf } from "../target.ts";

export interface ListOptions extends Globals {
  readonly agent?: string;
  readonly state?: readonly string[];
  readonly label?: Readonly<Record<string, string>>;
  readonly here?: boolean;
  readonly limit: number;
  readonly all?: boolean;
}

/** Lists sessions, newest first; the daemon's own only when asked. */
export async function listSessions(options: ListOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  const states = (options.state ?? []).map(readState);
  await requireDaemon(target);
  const sessions = await newest(target, options, states);
  if (options.json) {
    const list = sessions.map((session) => toJson(SessionSchema, session));
    screen.print(safeJson({ sessions: list }, 2));
  } else if (sessions.length === 0) {
    screen.say(screen.tint("dim", "no sessions"));
  } else {
    const now = new Date();
    const rows = sessions.map((session) => rowOf(session, now));
    const heading = ["SESSION", "STATE", "AGENT", "LAST EVENT", "TITLE"];
    for (const line of tableOf(heading, rows, screen.paint)) screen.print(line);
  }
  return exitCodes.ok;
}

async function newest(
  { client }: Target,
  options: ListOptions,
  states: readonly SessionState[],
): Promise<Session[]> {
  const found: Session[] = [];
  const filter = {
    agent: options.agent ?? "",
    states: [...states],
    labels: { ...options.label },
    cwd: options.here ? process.cwd() : "",
  };
  for (let pageToken = ""; ; ) {
    const page = await client.sessions.listSessions({ ...filter, pageToken, pageSize: 200 });
    found.push(...page.sessions.filter(({ id }) => options.all || !id.startsWith("daemon.")));
    pageToken = page.nextPageToken;
    if (pageToken === "" || found.length >= options.limit) return found.slice(0, options.limit);
  }
}

/** What a session does, and how its last turn ended where it does nothing. */
export function stateText({ state, lastOutcome }: Session): string {
  const name = SessionState[state]?.toLowerCase() ?? "unknown";
  const isIdle = state === SessionState.IDLE && lastOutcome > 0;
  return isIdle ? `${name}, ${outcomeText(lastOutcome)}` : name;
}

function rowOf(session: Session, now: Date): string[] {
  const { updateTime } = session;
  return [
    session.id,
    stateText(session),
    session.agent,
    updateTime === undefined ? "" : ageText(timestampDate(updateTime), now),
    session.title,
  ].map((cell) => shortened(oneLine(cell), 50));
}

const states = ["idle", "queued", "running", "waiting", "suspended"];

function readState(name: string): SessionState {
  const at = states.indexOf(name.toLowerCase());
  if (at >= 0) return at + 1;
  throw new Complaint(
    exitCodes.usage,
    `there is no state "${oneLine(name)}"`,
    `states are ${states.join(", ")}`,
  );
}
