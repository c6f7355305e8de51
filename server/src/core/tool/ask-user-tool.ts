import { create } from "@bufbuild/protobuf";
import { type Answer, type Question, QuestionSchema } from "@daphnia/protocol/approval";
import { PartSchema } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import type { Tool } from "./tool.ts";

/** What `ask_user` takes, as its schema below says. */
interface Asked {
  readonly questions: readonly {
    readonly question: string;
    readonly options?: readonly { readonly label: string; readonly description?: string }[];
    readonly multiple?: boolean;
  }[];
}

const option = {
  type: "object",
  properties: {
    label: {
      type: "string",
      minLength: 1,
      maxLength: 200,
      description: "The answer, in few words.",
    },
    description: { type: "string", maxLength: 1000, description: "What choosing it means." },
  },
  required: ["label"],
  additionalProperties: false,
};

const question = {
  type: "object",
  properties: {
    question: { type: "string", minLength: 1, maxLength: 4000, description: "The whole question." },
    options: {
      type: "array",
      maxItems: 10,
      items: option,
      description: "Answers to choose from. Without any, the person writes one.",
    },
    multiple: { type: "boolean", description: "Whether several may be chosen." },
  },
  required: ["question"],
  additionalProperties: false,
};

const parameters = {
  type: "object",
  properties: { questions: { type: "array", minItems: 1, maxItems: 4, items: question } },
  required: ["questions"],
  additionalProperties: false,
};

/** Asks a person, and tells the model what they answered. */
export const askUserTool: Tool = {
  spec: create(ToolSchema, {
    name: "ask_user",
    description:
      "Asks the person you work for, and waits for the answers. Use it where only they can decide: what they want, which of several ways, whether a risk is worth it. Never ask what you can find out yourself. Ask everything at once.",
    parameters: JSON.stringify(parameters),
    readOnly: true,
  }),
  effect: "read_only",
  async claim(given) {
    const { questions } = given as unknown as Asked; // they fit the schema above
    const asked = questions.map(({ question: text, options = [], multiple = false }) =>
      create(QuestionSchema, {
        ...{ text, multiple },
        options: options.map(({ label, description = "" }) => ({ label, description })),
      }),
    );
    return {
      claims: [],
      questions: asked,
      async run({ answers }) {
        const value = asked.map((one, i) => told(one, answers[i])).join("\n\n");
        return { parts: [create(PartSchema, { kind: { case: "text", value } })], isError: false };
      },
    };
  },
};

function told({ text }: Question, answer: Answer | undefined): string {
  const { labels = [], text: written = "" } = answer ?? {};
  const said = [labels.join(", "), written].filter((piece) => piece !== "").join(": ");
  return `${text}\n> ${said === "" ? "(no answer)" : said.replaceAll("\n", "\n> ")}`;
}
