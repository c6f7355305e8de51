import { toJson } from "@bufbuild/protobuf";
import { readTextBlob } from "@daphnia/client/blobs";
import { Role } from "@daphnia/protocol/message";
import { type Session, SessionSchema } from "@daphnia/protocol/session";
import {
  CancelTurnResponseSchema,
  ResumeTurnResponseSchema,
  type TranscriptEntry,
  TranscriptEntrySchema,
} from "@daphnia/protocol/session_service";
import { oneLine, plain, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { costText, tokensText } from "../figures.ts";
import { requireDaemon } from "../find-daemon.ts";
import { partsText } from "../part-text.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, type Target, targetOf } from "../target.ts";
import { stateText } from "./list-sessions.ts";

async function open(options: Globals): Promise<{ screen: Screen; target: Target }> {
  const target = targetOf(options);
  await requireDaemon(target);
  return { screen: createScreen(), target };
}

/** Shows one session and all that was said in it. */
export async function showSession(sessionId: string, options: Globals): Promise<number> {
  const { screen, target } = await open(options);
  const { sessions } = target.client;
  const { session } = await sessions.getSession({ sessionId });
  const { entries } = await sessions.getTranscript({ sessionId });
  if (options.json) {
    const said = entries.map((entry) => toJson(TranscriptEntrySchema, entry));
    const head = session && toJson(SessionSchema, session);
    screen.print(safeJson({ session: head, entries: said }, 2));
    return exitCodes.ok;
  }
  if (session !== undefined) for (const line of headLines(session)) screen.print(line);
  for (const entry of entries) await printEntry(entry, screen, target);
  return exitCodes.ok;
}

/** Removes sessions, with their events and blobs, for everyone. */
export async function deleteSessions(ids: readonly string[], options: Globals): Promise<number> {
  const { screen, target } = await open(options);
  for (const sessionId of ids) {
    await target.client.sessions.deleteSession({ sessionId, reason: "deleted by its owner" });
    if (!options.json) screen.say(`deleted ${oneLine(sessionId)}`);
  }
  if (options.json) screen.print(safeJson({ deleted: ids }, 2));
  return exitCodes.ok;
}

/** Cancels what a session does; its queue too, when told. */
export async function cancelSession(
  sessionId: string,
  options: Globals & { readonly clearQueue?: boolean },
): Promise<number> {
  const { screen, target } = await open(options);
  const clearQueue = options.clearQueue ?? false;
  const answer = await target.client.sessions.cancelTurn({ sessionId, clearQueue });
  if (options.json) screen.print(safeJson(toJson(CancelTurnResponseSchema, answer), 2));
  else screen.say(answer.turnId === "" ? "no turn was running" : `canceling ${answer.turnId}`);
  return exitCodes.ok;
}

/** Lets a suspended turn go on. */
export async function resumeSession(sessionId: string, options: Globals): Promise<number> {
  const { screen, target } = await open(options);
  const answer = await target.client.sessions.resumeTurn({ sessionId });
  if (options.json) screen.print(safeJson(toJson(ResumeTurnResponseSchema, answer), 2));
  else screen.say(`${answer.turnId} goes on`);
  return exitCodes.ok;
}

function headLines(session: Session): string[] {
  const { cost, usage } = session;
  const partly = session.costIncomplete && cost !== undefined ? "at least " : "";
  const facts: readonly (readonly [string, string])[] = [
    ["session", session.id],
    ["title", session.title],
    ["state", stateText(session)],
    ["agent", session.agent],
    ["model", session.model || "the agent's"],
    ["folder", session.cwd],
    ["roots", session.roots.join(", ")],
    [
      "labels",
      Object.entries(session.labels)
        .map((pair) => pair.join("="))
        .join(" "),
    ],
    ["used", `${tokensText(usage)} · ${partly}${costText(cost)}`],
    ["queue", session.queue.map(({ parts }) => `"${partsText(parts)}"`).join(", ")],
  ];
  return facts
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name.padEnd(8)} ${oneLine(value)}`);
}

const roles: Readonly<Record<Role, string>> = {
  [Role.UNSPECIFIED]: "?",
  [Role.USER]: "user",
  [Role.ASSISTANT]: "assistant",
  [Role.TOOL]: "tool",
};

async function printEntry(
  { message, interrupted, superseded }: TranscriptEntry,
  screen: Screen,
  { client }: Target,
): Promise<void> {
  const note = superseded ? " (replaced by a later attempt)" : interrupted ? " (interrupted)" : "";
  const role = roles[message?.role ?? Role.UNSPECIFIED];
  screen.print(`\n${screen.paint("bold", role)}${screen.paint("dim", note)}`);
  for (const part of message?.parts ?? []) {
    const isText = part.kind.case === "text" || part.kind.case === "thinking";
    const whole = isText && part.full ? await readTextBlob(client.blobs, part.full.digest) : "";
    const text = plain(whole || partsText([part]));
    screen.print(part.kind.case === "text" ? text : screen.paint("dim", text));
  }
}
