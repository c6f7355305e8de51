import { create } from "@bufbuild/protobuf";
import { type Answer, type Question, QuestionSchema } from "@daphnia/protocol/approval";
import type { ElicitRequest, ElicitResult } from "@modelcontextprotocol/client";
import type { RemoteCall } from "../../core/component/link.ts";

type Value = string | number | boolean | string[];

interface Choice {
  readonly const: string;
  readonly title: string;
}

/** A field of a form, of whatever type. */
interface Field {
  readonly type: string;
  readonly default?: Value | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly enum?: readonly string[] | undefined;
  readonly oneOf?: readonly Choice[] | undefined;
  /** What may be chosen from, where several may. */
  readonly items?:
    | { readonly enum?: readonly string[]; readonly anyOf?: readonly Choice[] }
    | undefined;
}

/** What a server wants to know, asked of a person as questions. */
export async function elicit(
  { params }: ElicitRequest,
  ask: RemoteCall["ask"],
): Promise<ElicitResult> {
  if (params.mode === "url") return { action: "decline" };
  const { message, requestedSchema } = params;
  const fields: (readonly [string, Field])[] = Object.entries(requestedSchema.properties);
  const questions = fields.map(([name, field]) => questionOf(message, name, field));
  const answers = await ask(questions.length > 0 ? questions : [consent(message)]).catch(
    () => undefined, // the turn ended meanwhile
  );
  if (answers === undefined) return { action: "decline" };
  if (fields.length === 0 && answers[0]?.labels[0] !== yes) return { action: "decline" };
  const values = fields.flatMap(([name, field], i) => {
    const value = readValue(field, answers[i]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { action: "accept", content: Object.fromEntries(values) };
}

const yes = "yes";

/** A form without fields wants to know only whether somebody agrees. */
function consent(message: string): Question {
  const options = [yes, "no"].map((label) => ({ label, description: "" }));
  return create(QuestionSchema, { text: message, options });
}

function questionOf(message: string, name: string, field: Field): Question {
  const what = field.description ?? field.title ?? name;
  return create(QuestionSchema, {
    text: `${message}\n${what}`,
    multiple: field.type === "array",
    options: choicesOf(field).map(({ const: label, title }) => ({ label, description: title })),
  });
}

function choicesOf({ type, enum: own, oneOf, items }: Field): readonly Choice[] {
  const plain = own ?? items?.enum ?? (type === "boolean" ? ["true", "false"] : []);
  return oneOf ?? items?.anyOf ?? plain.map((label) => ({ const: label, title: "" }));
}

/** Who says nothing takes what the server proposes; undefined where it proposes nothing. */
function readValue({ type, default: proposed }: Field, answer: Answer | undefined) {
  const said = answer?.labels[0] ?? answer?.text ?? "";
  if (said === "") return proposed;
  if (type === "array") return answer?.labels ?? [];
  if (type === "boolean") return said === "true";
  const isNumber = (type === "number" || type === "integer") && Number.isFinite(Number(said));
  return isNumber ? Number(said) : said; // who expects a number says so, and the model hears it
}
