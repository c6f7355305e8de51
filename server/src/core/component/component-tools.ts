import { create } from "@bufbuild/protobuf";
import { TrustSubjectSchema } from "@daphnia/protocol/approval";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { ToolSchema, type Tool as ToolSpec } from "@daphnia/protocol/tool";
import type { Tool, ToolAnswer } from "../tool/tool.ts";
import type { RemoteAnswer, RemoteCall, RemoteTool } from "./link.ts";

/** A component as its tools are made of it. */
export interface OfferedComponent {
  readonly name: string;
  readonly manifest: string;
  readonly tools: readonly RemoteTool[];
  /** Agents that are granted it may use it. */
  readonly isTrusted: boolean;
  /** The owner believes what it says of its tools. */
  readonly isMarked: boolean;
  /** Milliseconds that a call of a tool may take: without a sign of life, and in all. */
  times(tool: string): Pick<RemoteCall, "idleTimeout" | "callTimeout">;
  call(call: RemoteCall): Promise<RemoteAnswer>;
}

/** The longest name of a tool that all providers take. */
const longestName = 64;

/** What a tool of a component is called by agents and models, where no other has that name. */
export function toolName(component: string, tool: string): string {
  return `${component}__${tool.replace(/[^a-zA-Z0-9_-]/g, "_")}`.slice(0, longestName);
}

/** A tool with the name that it has here. No two have the same. */
export interface NamedTool {
  readonly spec: ToolSpec;
  readonly remote: RemoteTool;
}

/** Where names are the same once they are cut, those that sort behind the first are numbered. */
export function nameTools({ name, tools, isMarked }: OfferedComponent): readonly NamedTool[] {
  const taken = new Map<string, RemoteTool>();
  const inOrder = tools.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  // Who needs no change keeps its name, whatever others are cut to.
  const isPlain = (tool: RemoteTool) => toolName(name, tool.name) === `${name}__${tool.name}`;
  for (const tool of [...inOrder.filter(isPlain), ...inOrder.filter((one) => !isPlain(one))]) {
    const wanted = toolName(name, tool.name);
    let free = wanted;
    for (let i = 2; taken.has(free); i++) {
      free = `${wanted.slice(0, longestName - `_${i}`.length)}_${i}`;
    }
    taken.set(free, tool);
  }
  const names = new Map([...taken].map(([given, tool]) => [tool, given]));
  return tools.map((remote) => {
    const { description, parameters, isReadOnly } = remote;
    const spec = create(ToolSchema, {
      ...{ name: names.get(remote) ?? "", description, parameters, component: name },
      readOnly: isMarked && isReadOnly,
    });
    return { spec, remote };
  });
}

/** What models are told of a component's tools, once it is trusted. */
export function specsOf(component: OfferedComponent): readonly ToolSpec[] {
  return nameTools(component).map(({ spec }) => spec);
}

/**
 * The tools that a component adds. Until it is trusted that is one, by which a model
 * may ask for it: nothing that the component says reaches a model before.
 */
export function toolsOfComponent(component: OfferedComponent): readonly Tool[] {
  const named = nameTools(component);
  if (component.isTrusted) return named.map((one) => remoteTool(component, one));
  const specs = named.map(({ spec }) => spec);
  return [accessTool(component, specs)];
}

function remoteTool(component: OfferedComponent, { spec, remote }: NamedTool): Tool {
  const { name, isMarked } = component;
  const risk = isMarked && remote.isReadOnly ? "plain" : "unknown";
  return {
    spec,
    effect: effectOf(isMarked, remote),
    async claim(parameters, place) {
      return {
        claims: [{ kind: "use", component: name, tool: remote.name, risk }],
        async run({ signal, progress, ask, sample }) {
          const answer = await component.call({
            ...{ tool: remote.name, arguments: parameters, signal, progress, ask, sample },
            ...component.times(remote.name),
            roots: place.roots,
          });
          return answerOf(name, answer);
        },
      };
    },
  };
}

function effectOf(isMarked: boolean, { isReadOnly, isIdempotent }: RemoteTool): Tool["effect"] {
  if (!isMarked) return "unsafe";
  if (isReadOnly) return "read_only";
  return isIdempotent ? "idempotent" : "unsafe";
}

function answerOf(component: string, answer: RemoteAnswer): ToolAnswer {
  switch (answer.kind) {
    case "answer":
      return { parts: answer.parts, attachments: answer.attachments, isError: answer.isError };
    case "timeout":
      return { parts: [text(answer.why)], isError: true, isTimeout: true };
    case "down": {
      const why = `The component "${component}" is down: ${answer.why}`;
      return { parts: [text(why)], isError: true, isDown: true };
    }
  }
}

/** Only the name of the component, which its owner chose, is said here. */
function accessTool({ name, manifest, tools }: OfferedComponent, specs: readonly ToolSpec[]): Tool {
  const count = tools.length === 1 ? "1 tool" : `${tools.length} tools`;
  return {
    spec: create(ToolSchema, {
      name: `${name}__request_access`,
      description: `The component "${name}" offers ${count} that nobody has trusted yet, so they are not listed. Call this when the task may need "${name}": a person is asked, and if they agree its tools can be called from your next step on.`,
      parameters: JSON.stringify({ type: "object", properties: {}, additionalProperties: false }),
      component: name,
    }),
    effect: "read_only",
    claim: async () => ({
      claims: [{ kind: "nothing" }],
      trust: create(TrustSubjectSchema, { component: name, manifest, tools: [...specs] }),
      run: async () => {
        const names = specs.map((spec) => spec.name).join(", ");
        return {
          parts: [text(`A person trusts "${name}" now. Its tools: ${names}.`)],
          isError: false,
        };
      },
    }),
  };
}

function text(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}
