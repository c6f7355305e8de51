import type { ModelErrorKind } from "../../core/model/model-error.ts";
import { placeholderProblem } from "./placeholders.ts";
import { type Json, readToml, type TomlTable } from "./toml-table.ts";

/**
 * What a scripted model says and does. People write it as TOML:
 *
 * ```toml
 * chunk = 12          # characters a piece; 0 says everything at once; default 16
 * pace_ms = 5         # pause between two pieces; default 0
 * repeat = "last"     # after the last turn: play it again, or "from_start"
 *
 * [[turn]]            # answers the first prompt
 *
 * [[turn.step]]       # the first call of the model in that turn
 * think = "I look at the folder first."
 * say = "Let me look around."
 *
 * [[turn.step.call]]  # any number; they come after what is said
 * tool = "glob"
 * arguments = { pattern = "*.md" }
 *
 * [[turn.step]]       # the second call, after the tools have answered
 * say = "I saw: {{result.0}}"
 * ```
 *
 * All keys of a step are optional; a step with none is an empty answer.
 *
 * | key | meaning |
 * |---|---|
 * | `think`, `say` | what it thinks, then says, cut into pieces of `chunk` characters |
 * | `pieces` | the exact pieces of what it says, instead of `say` |
 * | `chunk`, `pace_ms` | as at the top, for this step |
 * | `call` | `tool`, and `arguments` or, to send text that may be no JSON, `raw_arguments` |
 * | `usage` | tokens: `input`, `output`, `cache_read`, `cache_write`, `thinking`; estimated when absent |
 * | `finish` | why it stops; default `tool_calls` with calls, `stop` without |
 * | `fail` | `kind` (a `ModelErrorKind`), `message`, `retry_after_ms`; `after_pieces` it still says, default 0; `times` it fails before it succeeds, default always |
 * | `hang` | true: after its last piece it says nothing more until it is canceled |
 *
 * `{{prompt}}` stands for the text of the last prompt, `{{result.0}}` for the
 * first tool result since the step before: shortened to 200 characters in what
 * is thought and said, whole in `arguments`. `{{open}}` stands for a plain `{{`.
 * `raw_arguments` are sent as they are.
 */
export interface Script {
  readonly chunk: number;
  readonly pace: number;
  readonly repeat: "last" | "from_start";
  /** One for each prompt; never empty. */
  readonly turns: readonly ScriptTurn[];
}

export interface ScriptTurn {
  /** One for each call of the model; never empty. */
  readonly steps: readonly ScriptStep[];
}

export interface ScriptStep {
  readonly chunk: number;
  readonly pace: number;
  readonly think: string;
  /** A text is cut into pieces; a list is the pieces. */
  readonly say: string | readonly string[];
  readonly calls: readonly ScriptCall[];
  readonly usage: ScriptUsage;
  readonly finish: string;
  readonly fail: ScriptFailure | undefined;
  readonly hang: boolean;
}

export type ScriptCall =
  | { readonly kind: "json"; readonly tool: string; readonly arguments: Json }
  | { readonly kind: "raw"; readonly tool: string; readonly arguments: string };

/** Tokens; input and output are estimated where they are undefined. */
export interface ScriptUsage {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly thinking: number;
}

export interface ScriptFailure {
  readonly kind: ModelErrorKind;
  readonly message: string;
  readonly afterPieces: number;
  /** How many attempts fail; infinity when all do. */
  readonly times: number;
  readonly retryAfter: number | undefined;
}

/**
 * Reads a script. Throws `invalid_argument` for the first mistake; its message
 * begins with `file:line: ` and says what was expected.
 */
export function parseScript(text: string, file: string): Script {
  const top = readToml(text, file);
  top.only(["chunk", "pace_ms", "repeat", "turn"]);
  const speech = { chunk: top.count("chunk") ?? 16, pace: top.count("pace_ms") ?? 0 };
  const repeat = top.oneOf("repeat", ["last", "from_start"]) ?? "last";
  const turns = top.tables("turn").map((turn) => {
    turn.only(["step"]);
    const steps = turn.tables("step").map((step) => readStep(step, speech));
    if (steps.length === 0)
      throw turn.mistake(undefined, "a turn needs at least one [[turn.step]]");
    return { steps };
  });
  if (turns.length === 0) throw top.mistake(undefined, "a script needs at least one [[turn]]");
  return { ...speech, repeat, turns };
}

const stepKeys = "think say pieces chunk pace_ms call usage finish fail hang".split(" ");

function readStep(step: TomlTable, speech: { chunk: number; pace: number }): ScriptStep {
  step.only(stepKeys);
  if (step.has("say") && step.has("pieces")) {
    throw step.mistake("pieces", "a step has say or pieces, not both");
  }
  const calls = step.tables("call").map(readCall);
  return {
    chunk: step.count("chunk") ?? speech.chunk,
    pace: step.count("pace_ms") ?? speech.pace,
    think: filled(step, "think", step.text("think")) ?? "",
    say:
      filled(step, "pieces", step.texts("pieces")) ?? filled(step, "say", step.text("say")) ?? "",
    calls,
    usage: readUsage(step.table("usage")),
    finish: step.text("finish") ?? (calls.length === 0 ? "stop" : "tool_calls"),
    fail: readFailure(step.table("fail")),
    hang: step.flag("hang") ?? false,
  };
}

function readCall(call: TomlTable): ScriptCall {
  call.only(["tool", "arguments", "raw_arguments"]);
  const tool = call.text("tool");
  if (!tool) throw call.mistake("tool", 'a call names its tool, such as tool = "glob"');
  const raw = call.text("raw_arguments");
  if (raw === undefined) {
    const json = filled(call, "arguments", call.json("arguments")) ?? {};
    return { kind: "json", tool, arguments: json };
  }
  if (call.has("arguments")) {
    throw call.mistake("raw_arguments", "a call has arguments or raw_arguments, not both");
  }
  return { kind: "raw", tool, arguments: raw };
}

function readUsage(usage: TomlTable | undefined): ScriptUsage {
  usage?.only(["input", "output", "cache_read", "cache_write", "thinking"]);
  return {
    input: usage?.count("input"),
    output: usage?.count("output"),
    cacheRead: usage?.count("cache_read") ?? 0,
    cacheWrite: usage?.count("cache_write") ?? 0,
    thinking: usage?.count("thinking") ?? 0,
  };
}

const failureKinds: readonly ModelErrorKind[] = [
  "auth",
  "rate_limit",
  "overloaded",
  "context_length",
  "refused",
  "network",
  "malformed",
  "invalid_request",
];

function readFailure(fail: TomlTable | undefined): ScriptFailure | undefined {
  if (fail === undefined) return undefined;
  fail.only(["kind", "message", "after_pieces", "retry_after_ms", "times"]);
  const kind = fail.oneOf("kind", failureKinds);
  if (!kind) throw fail.mistake("kind", `a failure names its kind: ${failureKinds.join(", ")}`);
  return {
    kind,
    message: fail.text("message") ?? `the script fails here: ${kind}`,
    afterPieces: fail.count("after_pieces") ?? 0,
    times: fail.count("times", 1) ?? Number.POSITIVE_INFINITY,
    retryAfter: fail.count("retry_after_ms"),
  };
}

/** The value itself, once every placeholder in its texts is known to exist. */
function filled<T extends Json | readonly string[]>(
  table: TomlTable,
  key: string,
  value: T | undefined,
): T | undefined {
  const problem = value === undefined ? undefined : placeholderProblem(value);
  if (problem !== undefined) throw table.mistake(key, problem);
  return value;
}
