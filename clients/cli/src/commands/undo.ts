import { toJson } from "@bufbuild/protobuf";
import { RevertTurnResponseSchema } from "@daphnia/protocol/session_service";
import { Complaint } from "../complaint.ts";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireDaemon } from "../find-daemon.ts";
import { findPlace, type Place } from "../find-place.ts";
import { createScreen } from "../screen.ts";
import { type Globals, type Target, targetOf } from "../target.ts";
import { programName } from "../typed-command.ts";

/** Puts files that a turn changed back; what was left as it is, it names. */
export async function undo(
  first: string,
  second: string | undefined,
  options: Globals,
): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await requireDaemon(target);
  const place = await placeOf(first, second, target);
  const answer = await target.client.sessions.revertTurn(place);
  const left = answer.files.filter(({ problem }) => problem !== "");
  const code = left.length > 0 ? exitCodes.failed : exitCodes.ok;
  if (options.json) {
    screen.print(safeJson(toJson(RevertTurnResponseSchema, answer), 2));
    return code;
  }
  for (const { path, problem } of answer.files) {
    const mark = problem === "" ? screen.paint("green", "✓") : screen.paint("red", "✗");
    screen.print(`${mark} ${oneLine(path)}${problem === "" ? "" : `: ${oneLine(problem)}`}`);
  }
  const back = answer.files.length - left.length;
  const kept = left.length === 0 ? "" : `, ${left.length} left as they are`;
  screen.say(answer.files.length === 0 ? "it changed no files" : `${back} put back${kept}`);
  return code;
}

async function placeOf(first: string, second: string | undefined, target: Target): Promise<Place> {
  if (second !== undefined) return { sessionId: first, turnId: second };
  const place = await findPlace(first, target);
  if (place.turnId !== "") return place;
  throw new Complaint(
    exitCodes.usage,
    `${oneLine(first)} is a session; say which of its turns`,
    `\`${programName()} trace ${oneLine(first)}\` names them`,
  );
}
