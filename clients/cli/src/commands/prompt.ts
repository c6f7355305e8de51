import { toJson } from "@bufbuild/protobuf";
import { Delivery } from "@daphnia/protocol/session";
import { PromptResponseSchema } from "@daphnia/protocol/session_service";
import { safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { promptParts, readPromptText, requireFile } from "../prompt-input.ts";
import { reachDaemon } from "../reach-daemon.ts";
import { createScreen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";

export interface PromptOptions extends Globals {
  readonly file?: readonly string[];
  readonly attach?: readonly string[];
  readonly model?: string;
  readonly maxSteps?: number;
  readonly steer?: boolean;
  readonly interrupt?: boolean;
  readonly unattended?: boolean;
  readonly start: boolean;
}

/** Puts a prompt on record, prints its ids, and waits for nothing. */
export async function prompt(
  sessionId: string,
  words: readonly string[],
  options: PromptOptions,
): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  const { file = [], attach = [] } = options;
  for (const path of attach) await requireFile(path);
  const text = await readPromptText({ words, file, attach }, screen.say);
  await reachDaemon(target, screen, options.start);
  const answer = await target.client.sessions.prompt({
    sessionId,
    parts: await promptParts(text, attach, target.client),
    delivery: deliveryOf(options),
    model: options.model ?? "",
    maxSteps: options.maxSteps ?? 0,
    unattended: options.unattended ?? false,
  });
  if (options.json) screen.print(safeJson(toJson(PromptResponseSchema, answer), 2));
  else {
    screen.print(`${screen.paint("dim", "prompt")} ${answer.promptId}`);
    screen.print(`${screen.paint("dim", "turn")}   ${answer.turnId || "the running one"}`);
    screen.print(`${screen.paint("dim", "cursor")} ${answer.cursor}`);
  }
  return exitCodes.ok;
}

function deliveryOf({ steer, interrupt }: PromptOptions): Delivery {
  if (steer) return Delivery.STEER;
  return interrupt ? Delivery.INTERRUPT : Delivery.QUEUE;
}
