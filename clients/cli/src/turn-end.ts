import { SuspendReason } from "@daphnia/protocol/session";
import type { Answer } from "./answer.ts";
import { oneLine, plain } from "./escape-text.ts";
import { errorText, outcomeText } from "./event-summary.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { costText, protoDurationText, tokensText } from "./figures.ts";
import type { FollowedTurn, TurnEnd } from "./follow-turn.ts";
import type { Screen } from "./screen.ts";
import { typed } from "./typed-command.ts";

/** Says how a turn ended, who answered and what it took. */
export function sayEnd(
  end: TurnEnd,
  {
    turn,
    answer,
    screen,
    home,
  }: {
    readonly turn: FollowedTurn;
    readonly answer: Answer;
    readonly screen: Screen;
    readonly home: string | undefined;
  },
): void {
  const { tint } = screen;
  const command = (args: string) => (home === undefined ? `daphnia ${args}` : typed(args, home));
  if (end.kind === "left") {
    screen.say(tint("dim", `left; the turn goes on in ${turn.sessionId}`));
    return;
  }
  if (end.kind === "suspended") {
    const how = command(`sessions resume ${turn.sessionId}`);
    screen.say(tint("yellow", `the turn is suspended and waits; resume it with: ${how}`));
    return;
  }
  const { finished } = end;
  const isOk = exitCodeOf(finished.outcome) === exitCodes.ok;
  const mark = isOk ? tint("green", "✓") : tint("red", "✗");
  const steps = `${answer.steps()} ${answer.steps() === 1 ? "step" : "steps"}`;
  const figures = [
    steps,
    tokensText(finished.usage),
    costText(finished.cost),
    protoDurationText(finished.duration),
  ].filter(Boolean);
  if (finished.error) screen.say(tint("red", plain(errorText(finished.error))));
  if (isOk && answer.isDenied()) screen.say(tint("yellow", "what it last wanted to do was denied"));
  const who = oneLine(answer.model()) || "no model";
  screen.say(
    `${mark} ${outcomeText(finished.outcome)} ${tint("dim", `· ${who} · ${figures.join(" · ")}`)}`,
  );
}

/** The exit code of what came of a turn; `isDenied`: what it last wanted to do was denied. */
export function exitCodeOfEnd(end: TurnEnd, isDenied: boolean): number {
  switch (end.kind) {
    case "finished": {
      const code = exitCodeOf(end.finished.outcome);
      return code === exitCodes.ok && isDenied ? exitCodes.denied : code;
    }
    case "suspended":
      return end.suspended.reason === SuspendReason.BUDGET ? exitCodes.budget : exitCodes.failed;
    case "left":
      return exitCodes.canceled;
  }
}
