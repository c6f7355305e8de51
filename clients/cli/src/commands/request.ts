import type { Daphnia } from "@daphnia/client";
import { Complaint } from "../complaint.ts";
import { oneLine, plain, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytesText } from "../figures.ts";
import { requireDaemon } from "../find-daemon.ts";
import { findPlace, type Place } from "../find-place.ts";
import { diffRequests, linesOfChange } from "../request-diff.ts";
import { createResumeNotice, type ResumeNotice } from "../resume-notice.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";

/**
 * Prints what a step sent to its model; by default that of the last step of the last turn.
 * With `diff`, how it differs from what the step before it sent.
 */
export async function request(
  id: string | undefined,
  step: number | undefined,
  options: Globals & { readonly diff?: boolean },
): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const place = await findPlace(id, target);
  const found = await findStep(place, step, target.client, createResumeNotice(screen));
  const read = (one: FoundStep) => readRequest(place.sessionId, one, target.client);
  if (options.diff) {
    if (found.before === undefined) throw nothingBefore(found);
    printDiff(await read(found.before), await read(found), screen, options.json ?? false);
    return exitCodes.ok;
  }
  const { value, text, mediaType, bytes } = await read(found);
  if (options.json) {
    const { turnId, step, model } = found;
    const asked = { sessionId: place.sessionId, turnId, step };
    screen.print(safeJson({ ...asked, model, mediaType, body: value ?? text }, 2));
    return exitCodes.ok;
  }
  const facts = [titleOf(found), mediaType, bytesText(bytes)];
  screen.say(screen.tint("dim", oneLine(facts.join(" · "))));
  screen.print(value === undefined ? plain(text) : safeJson(value, 2));
  return exitCodes.ok;
}

/** What a step sent. */
interface SentRequest {
  readonly of: FoundStep;
  readonly mediaType: string;
  readonly bytes: number;
  readonly text: string;
  /** What it is as JSON, where it is any. */
  readonly value: unknown;
}

async function readRequest(
  sessionId: string,
  of: FoundStep,
  client: Daphnia,
): Promise<SentRequest> {
  const { turnId, step } = of;
  const { body, mediaType } = await client.sessions.getStepRequest({ sessionId, turnId, step });
  const text = new TextDecoder().decode(body);
  return { of, mediaType, bytes: body.length, text, value: jsonOf(text) };
}

function printDiff(before: SentRequest, after: SentRequest, screen: Screen, isJson: boolean): void {
  const changes = diffRequests(before.value ?? before.text, after.value ?? after.text);
  if (isJson) {
    const side = ({ of: { turnId, step, model } }: SentRequest) => ({ turnId, step, model });
    screen.print(safeJson({ before: side(before), after: side(after), changes }, 2));
    return;
  }
  screen.print(screen.paint("red", oneLine(`--- ${titleOf(before.of)}`)));
  screen.print(screen.paint("green", oneLine(`+++ ${titleOf(after.of)}`)));
  if (changes.length === 0) screen.print("the same");
  for (const change of changes) {
    screen.print(screen.paint("cyan", oneLine(`@@ ${change.path || "all of it"}`)));
    for (const line of linesOfChange(change)) {
      const { mark, style } = looks[line.kind];
      screen.print(screen.paint(style, oneLine(`${mark} ${line.text}`)));
    }
  }
}

const looks = {
  same: { mark: " ", style: "dim" },
  removed: { mark: "-", style: "red" },
  added: { mark: "+", style: "green" },
} as const;

function nothingBefore({ turnId, step }: FoundStep): Complaint {
  return new Complaint(
    exitCodes.failed,
    `${oneLine(turnId)} step ${step} is the session's first: there is nothing to compare it with`,
    "leave out --diff to see all that it sent",
  );
}

function titleOf({ turnId, step, model }: FoundStep): string {
  return `${turnId} step ${step} · ${model}`;
}

interface FoundStep {
  readonly turnId: string;
  readonly step: number;
  readonly model: string;
  /** The step before it, maybe of the turn before. */
  readonly before: FoundStep | undefined;
}

async function findStep(
  { sessionId, turnId }: Place,
  step: number | undefined,
  client: Daphnia,
  notice: ResumeNotice,
): Promise<FoundStep> {
  let wanted = turnId;
  let steps: FoundStep[] = [];
  for await (const one of stepsOf(sessionId, client, notice)) {
    if (turnId === "" && one.turnId !== wanted) {
      wanted = one.turnId;
      steps = [];
    }
    if (one.turnId === wanted) steps.push(one);
  }
  const found = step === undefined ? steps.at(-1) : steps.findLast((one) => one.step === step);
  if (found !== undefined) return found;
  const lastOfTurn = steps.at(-1);
  throw new Complaint(
    exitCodes.failed,
    `${oneLine(wanted || sessionId)} has no ${step === undefined ? "step" : `step ${step}`}`,
    lastOfTurn === undefined ? "no model was called yet" : `its last is ${lastOfTurn.step}`,
  );
}

async function* stepsOf(
  sessionId: string,
  client: Daphnia,
  notice: ResumeNotice,
): AsyncGenerator<FoundStep> {
  const selector = { sessions: [sessionId], bodies: ["step_started"] };
  const options = { selector, after: "beginning", untilCaughtUp: true, noDeltas: true } as const;
  let before: FoundStep | undefined;
  for await (const { events } of client.watch({ ...options, onResume: notice.lost })) {
    notice.back();
    for (const { turnId, step, body } of events) {
      if (body.case !== "stepStarted") continue;
      const model = `${body.value.provider}/${body.value.model}`;
      yield { turnId, step, model, before };
      before = { turnId, step, model, before: undefined }; // farther back nothing is needed
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // it is shown as it is
  }
}
