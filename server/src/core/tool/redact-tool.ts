import type { Question } from "@daphnia/protocol/approval";
import { DaemonError, messageOf } from "../../base/errors.ts";
import type { Redactor } from "../../base/redact.ts";
import { redactParts } from "./redact-parts.ts";
import type { Change, ClaimedCall, RunContext, SampleRequest, Tool, ToolAnswer } from "./tool.ts";

/**
 * The same tool, of which no secret gets out: not by its answer, by what it prints
 * or shows, nor by its errors. `redactor` is asked at each call.
 */
export function redactTool(tool: Tool, redactor: () => Redactor): Tool {
  return {
    ...tool,
    async claim(parameters, place) {
      try {
        return redactCall(await tool.claim(parameters, place), redactor);
      } catch (error) {
        throw redactError(error, redactor());
      }
    },
  };
}

/** Does that for tools that are asked for again and again; each is wrapped once. */
export function createToolRedactor(redactor: () => Redactor): (tool: Tool) => Tool {
  const clean = new WeakMap<Tool, Tool>();
  return (tool) => {
    const known = clean.get(tool) ?? redactTool(tool, redactor);
    clean.set(tool, known);
    return known;
  };
}

function redactCall(call: ClaimedCall, redactor: () => Redactor): ClaimedCall {
  const { preview } = call;
  return {
    ...call,
    ...(preview && {
      preview: () => guarded(redactor(), async ({ text }) => text(await preview())),
    }),
    run: (context) => guarded(redactor(), (now) => run(call, context, now), context.signal),
  };
}

async function run(
  call: ClaimedCall,
  context: RunContext,
  redactor: Redactor,
): Promise<ToolAnswer> {
  const printed = redactor.byteFilter();
  const show = async (bytes: Uint8Array) => (bytes.length > 0 ? context.print(bytes) : bytes);
  let ending: Promise<Uint8Array> | undefined;
  /** Once, whoever comes first: the call, or its end. */
  const endPrint = () => {
    ending ??= show(printed.end());
    return ending;
  };
  let answer: ToolAnswer;
  try {
    answer = await call.run({
      ...context,
      print: (bytes) => show(printed.push(bytes)),
      endPrint,
      progress: (progress) =>
        context.progress({ ...progress, message: redactor.text(progress.message) }),
      sample: (request) => context.sample(redactSample(request, redactor)),
      ask: (questions) => context.ask(questions.map((one) => redactQuestion(one, redactor))),
    });
  } catch (error) {
    // What it printed before it failed is shown whole; the failure is what counts.
    await endPrint().catch(() => {});
    throw error;
  }
  await endPrint();
  return {
    ...answer,
    parts: redactParts(answer.parts, redactor),
    ...(answer.attachments && {
      attachments: answer.attachments.filter(({ bytes }) => !redactor.holds(bytes)),
    }),
    ...(answer.changes && { changes: answer.changes.map((change) => keep(change, redactor)) }),
  };
}

function redactSample({ system, messages }: SampleRequest, { text }: Redactor): SampleRequest {
  return {
    system: text(system),
    messages: messages.map(({ role, text: said }) => ({ role, text: text(said) })),
  };
}

function redactQuestion(question: Question, { text }: Redactor): Question {
  const options = question.options.map((one) => ({
    ...one,
    label: text(one.label),
    description: text(one.description),
  }));
  return { ...question, text: text(question.text), options };
}

/** What a file held is kept as it was, or not at all: half of it would put back a wrong file. */
function keep(change: Change, { text, holds }: Redactor): Change {
  const clean = { ...change, diff: text(change.diff) };
  if (change.before === undefined || !holds(change.before)) return clean;
  return { ...clean, before: undefined, notKept: "what it held has a secret in it" };
}

/** Does some work, and takes secrets out of what it throws. */
async function guarded<T>(
  redactor: Redactor,
  work: (redactor: Redactor) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await work(redactor);
  } catch (error) {
    throw signal?.aborted ? error : redactError(error, redactor);
  }
}

function redactError(error: unknown, { text }: Redactor): unknown {
  const message = messageOf(error);
  const clean = text(message);
  if (!(error instanceof DaemonError)) return clean === message ? error : new Error(clean);
  const { refusal, detail } = error;
  const whole = JSON.stringify(detail);
  const cleanDetail = text(whole);
  if (clean === message && cleanDetail === whole) return error;
  const { reason } = detail;
  return new DaemonError(refusal, clean, cleanDetail === whole ? detail : { reason });
}
