import { toJson } from "@bufbuild/protobuf";
import { readTextBlob } from "@daphnia/client/blobs";
import { createPieces } from "@daphnia/client/pieces";
import { infoOf } from "@daphnia/client/reasons";
import { DeltaSchema, EventSchema } from "@daphnia/protocol/event";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { RuleAction } from "@daphnia/protocol/permission";
import { type Answer, createAnswer } from "../answer.ts";
import { openSession, placeOf, type SessionOptions } from "../ask-session.ts";
import { createDialog, isSomebodyThere } from "../dialog.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { type FollowedTurn, followTurn, type TurnEnd } from "../follow-turn.ts";
import { catchInterrupts } from "../interrupts.ts";
import { promptParts, readPromptText, requireFile } from "../prompt-input.ts";
import { reachDaemon } from "../reach-daemon.ts";
import { createResumeNotice } from "../resume-notice.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, type Target, targetOf } from "../target.ts";
import { createTurnApprovals, type TurnApprovals } from "../turn-approvals.ts";
import { exitCodeOfEnd, sayEnd } from "../turn-end.ts";
import { createTurnView } from "../turn-view.ts";
import { commandFor, quoted } from "../typed-command.ts";

export interface AskOptions extends Globals, SessionOptions {
  readonly file?: readonly string[];
  readonly attach?: readonly string[];
  readonly maxSteps?: number;
  readonly timeout?: number;
  readonly start: boolean;
  readonly stream?: boolean;
  readonly unattended?: boolean;
}

/** Says something to an agent and shows its answer as it comes. */
export async function ask(words: readonly string[], options: AskOptions): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  const { file = [], attach = [] } = options;
  const isNew = options.session === undefined && !options.continue;
  if (isNew) placeOf(target, options.root); // refuse before anything is started
  for (const path of attach) await requireFile(path);
  const text = await readPromptText({ words, file, attach }, screen.say);
  await reachDaemon(target, screen, options.start);
  const prompt = await begin(text, target, options);
  return showTurn(prompt, { target, screen, options });
}

/** Says where a folder's rules would allow more, had somebody trusted them. */
async function sayIgnoredRules(roots: readonly string[], target: Target): Promise<void> {
  const screen = createScreen();
  for (const folder of roots) {
    const { rules, trusted } = await target.client.approvals.getProject({ folder });
    if (trusted || rules.every(({ action }) => action !== RuleAction.ALLOW)) continue;
    const how = commandFor(target, `permissions trust ${quoted(folder)}`);
    screen.say(screen.tint("dim", `rules of ${oneLine(folder)} that allow are ignored: ${how}`));
  }
}

/** Puts the prompt on record. A session that was made for it does not outlive its refusal. */
async function begin(text: string, target: Target, options: AskOptions): Promise<FollowedTurn> {
  const { client } = target;
  const parts = await promptParts(text, options.attach ?? [], client);
  const { session, isNew } = await openSession(target, options);
  if (isNew) await sayIgnoredRules(session.roots, target);
  try {
    return await client.sessions.prompt({
      sessionId: session.id,
      parts,
      maxSteps: options.maxSteps ?? 0,
      model: isNew ? "" : (options.model ?? ""), // a new session has it already
      unattended: options.unattended ?? false,
    });
  } catch (error) {
    const gone = { sessionId: session.id, reason: "its first prompt was refused" };
    if (isNew && infoOf(error)) await client.sessions.deleteSession(gone).catch(() => {}); // it said enough
    throw error;
  }
}

interface Showing {
  readonly target: Target;
  readonly screen: Screen;
  readonly options: Pick<AskOptions, "json" | "stream" | "timeout" | "unattended">;
}

/** Follows a turn to its end, cancels it at Ctrl-C or when the time is up. */
export async function showTurn(turn: FollowedTurn, showing: Showing): Promise<number> {
  const { target, screen, options } = showing;
  const readText = (digest: string) => readTextBlob(target.client.blobs, digest);
  const answer = createAnswer(readText);
  const view = options.json ? undefined : createTurnView(screen, createPieces(readText));
  const notice = createResumeNotice(screen);
  const approvals = approvalsOf(showing);
  const leave = new AbortController();
  const canceling = createCanceling(turn, showing, leave);
  const release = catchInterrupts(canceling.interrupt, () => leave.abort());
  const timer = options.timeout && setTimeout(canceling.timeUp, options.timeout);
  try {
    const end = await followTurn(
      target.client,
      turn,
      async (response) => {
        notice.back();
        approvals.hide();
        note(response, { turn, answer, screen, options });
        await view?.apply(response);
        approvals.apply(response); // first: it may end the question
        approvals.show();
      },
      {
        signal: leave.signal,
        onResume: notice.lost,
      },
    );
    approvals.close();
    view?.close();
    await report(end, { turn, answer }, showing);
    return canceling.isLate() ? exitCodes.timeout : exitCodeOfEnd(end, answer.isDenied());
  } finally {
    approvals.close();
    view?.close();
    clearTimeout(timer || undefined);
    release();
  }
}

/** Whoever sits there is asked; all others are told how to answer. */
function approvalsOf({ target, screen, options }: Showing): TurnApprovals {
  const isAsked = isSomebodyThere() && !options.json && !options.unattended;
  return createTurnApprovals({
    client: target.client,
    screen,
    howToAnswer: ({ id }) => commandFor(target, `approvals answer ${quoted(id)}`),
    openDialog: isAsked ? () => createDialog() : undefined,
  });
}

function createCanceling(
  { sessionId, turnId }: FollowedTurn,
  showing: Showing,
  leave: AbortController,
) {
  const { screen, target } = showing;
  let isLate = false;
  const cancel = (why: string) => {
    screen.say(screen.tint("yellow", why));
    target.client.sessions.cancelTurn({ sessionId, turnId }).catch((error: unknown) => {
      screen.say(screen.tint("red", `it could not be canceled: ${oneLine(String(error))}`));
      leave.abort();
    });
  };
  return {
    isLate: () => isLate,
    interrupt: () => cancel("canceling the turn (Ctrl-C again leaves without waiting)"),
    timeUp() {
      isLate = true;
      cancel("the time is up; canceling the turn");
    },
  };
}

/** Keeps what the end is told with; says who answers once that is known. */
function note(
  { events, deltas }: WatchResponse,
  {
    turn,
    answer,
    screen,
    options,
  }: {
    readonly turn: FollowedTurn;
    readonly answer: Answer;
    readonly screen: Screen;
    readonly options: Showing["options"];
  },
): void {
  for (const event of events) {
    answer.add(event);
    if (options.json && options.stream) {
      screen.print(safeJson({ event: toJson(EventSchema, event) }));
    }
    if (!options.json && event.body.case === "turnStarted") {
      const who = oneLine(event.body.value.model);
      screen.say(screen.tint("dim", `${who} · ${turn.sessionId}`));
    }
  }
  if (!options.json || !options.stream) return;
  for (const delta of deltas) screen.print(safeJson({ delta: toJson(DeltaSchema, delta) }));
}

async function report(
  end: TurnEnd,
  { turn, answer }: { readonly turn: FollowedTurn; readonly answer: Answer },
  { target, screen, options }: Showing,
): Promise<void> {
  if (options.json) {
    const document = await answer.document(turn, end);
    screen.print(options.stream ? safeJson({ answer: document }) : safeJson(document, 2));
    return;
  }
  const home = target.kind === "home" ? target.home : undefined;
  sayEnd(end, { turn, answer, screen, home });
}
