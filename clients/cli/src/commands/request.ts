import type { Daphnia } from "@daphnia/client";
import type { Event } from "@daphnia/protocol/event";
import { Complaint } from "../complaint.ts";
import { oneLine, plain, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytesText } from "../figures.ts";
import { requireDaemon } from "../find-daemon.ts";
import { findPlace, type Place } from "../find-place.ts";
import { createResumeNotice, type ResumeNotice } from "../resume-notice.ts";
import { createScreen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";

/** Prints what a step sent to its model; by default that of the last step of the last turn. */
export async function request(
  id: string | undefined,
  step: number | undefined,
  options: Globals,
): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const place = await findPlace(id, target);
  const found = await findStep(place, step, target.client, createResumeNotice(screen));
  const { sessionId } = place;
  const asked = { sessionId, turnId: found.turnId, step: found.step };
  const { body, mediaType } = await target.client.sessions.getStepRequest(asked);
  const text = new TextDecoder().decode(body);
  const value = jsonOf(text);
  if (options.json) {
    screen.print(safeJson({ ...asked, model: found.model, mediaType, body: value ?? text }, 2));
    return exitCodes.ok;
  }
  const facts = [
    `${found.turnId} step ${found.step}`,
    found.model,
    mediaType,
    bytesText(body.length),
  ];
  screen.say(screen.tint("dim", oneLine(facts.join(" · "))));
  screen.print(value === undefined ? plain(text) : safeJson(value, 2));
  return exitCodes.ok;
}

interface FoundStep {
  readonly turnId: string;
  readonly step: number;
  readonly model: string;
}

async function findStep(
  { sessionId, turnId }: Place,
  step: number | undefined,
  client: Daphnia,
  notice: ResumeNotice,
): Promise<FoundStep> {
  let turn = "";
  let steps: FoundStep[] = [];
  for await (const event of stepsOf(sessionId, turnId, client, notice)) {
    if (event.turnId !== turn) steps = [];
    turn = event.turnId;
    if (event.body.case !== "stepStarted") continue;
    const { provider, model } = event.body.value;
    steps.push({ turnId: turn, step: event.step, model: `${provider}/${model}` });
  }
  const found = step === undefined ? steps.at(-1) : steps.findLast((one) => one.step === step);
  if (found !== undefined) return found;
  const last = steps.at(-1);
  throw new Complaint(
    exitCodes.failed,
    `${oneLine(turn || turnId || sessionId)} has no ${step === undefined ? "step" : `step ${step}`}`,
    last === undefined ? "no model was called yet" : `its last is ${last.step}`,
  );
}

async function* stepsOf(
  sessionId: string,
  turnId: string,
  client: Daphnia,
  notice: ResumeNotice,
): AsyncGenerator<Event> {
  const selector = { sessions: [sessionId], turnId, bodies: ["step_started"] };
  const options = { selector, after: "beginning", untilCaughtUp: true, noDeltas: true } as const;
  for await (const { events } of client.watch({ ...options, onResume: notice.lost })) {
    notice.back();
    yield* events;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // it is shown as it is
  }
}
