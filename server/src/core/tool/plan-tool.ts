import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import type { Tool } from "./tool.ts";

/** What `plan` takes, as its schema below says. */
interface Planned {
  readonly tasks: readonly { readonly text: string; readonly status: Status }[];
}

const statuses = ["open", "active", "done", "dropped"] as const;
type Status = (typeof statuses)[number];

const task = {
  type: "object",
  properties: {
    text: { type: "string", minLength: 1, maxLength: 500, description: "The task, in one line." },
    status: { type: "string", enum: statuses },
  },
  required: ["text", "status"],
  additionalProperties: false,
};

const parameters = {
  type: "object",
  properties: {
    tasks: {
      type: "array",
      maxItems: 100,
      items: task,
      description: "The whole list, in order; it replaces the one before.",
    },
  },
  required: ["tasks"],
  additionalProperties: false,
};

/** A list of tasks. It lies in the call's arguments: clients show it from there. */
export const planTool: Tool = {
  spec: create(ToolSchema, {
    name: "plan",
    description:
      "Keeps a list of tasks that the person sees while you work. Use it for work of three steps or more: write the list first, keep one task active, and mark each as done as soon as it is.",
    parameters: JSON.stringify(parameters),
    readOnly: true,
  }),
  effect: "read_only",
  async claim(given) {
    const { tasks } = given as unknown as Planned; // they fit the schema above
    const value = summaryOf(tasks.map(({ status }) => status));
    return {
      claims: [],
      run: async () => ({
        parts: [create(PartSchema, { kind: { case: "text", value } })],
        isError: false,
      }),
    };
  },
};

function summaryOf(all: readonly Status[]): string {
  const counts = statuses.map((status) => {
    const count = all.filter((one) => one === status).length;
    return count === 0 ? "" : `${count} ${status}`;
  });
  return `The list is kept: ${counts.filter((count) => count !== "").join(", ") || "no task"}.`;
}
