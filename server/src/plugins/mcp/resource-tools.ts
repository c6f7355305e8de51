import type {
  CallToolResult,
  Client,
  ContentBlock,
  RequestOptions,
} from "@modelcontextprotocol/client";
import type { RemoteTool } from "../../core/component/link.ts";

/** What a server offers beside tools, as tools: a model can list and read it. */
interface Reader {
  readonly tool: RemoteTool;
  readonly needs: "resources" | "prompts";
  run(client: Client, given: Given, options: RequestOptions): Promise<CallToolResult>;
}

type Given = Readonly<Record<string, unknown>>;

const object = (properties: object, required: readonly string[] = []) =>
  JSON.stringify({ type: "object", properties, required, additionalProperties: false });

const reading = (name: string, description: string, parameters: string): RemoteTool => ({
  ...{ name, description, parameters },
  ...{ isReadOnly: true, isIdempotent: true },
});

const readers: readonly Reader[] = [
  {
    needs: "resources",
    tool: reading("list_resources", "Lists the resources that this server offers.", object({})),
    async run(client, _, options) {
      const { resources } = await client.listResources(undefined, options);
      const templates = await client
        .listResourceTemplates(undefined, options)
        .then((found) => found.resourceTemplates)
        .catch(() => []); // a server need not have any
      return said({ resources, templates });
    },
  },
  {
    needs: "resources",
    tool: reading(
      "read_resource",
      "Reads one of this server's resources.",
      object({ uri: { type: "string", description: "As list_resources names it." } }, ["uri"]),
    ),
    async run(client, given, options) {
      const { contents } = await client.readResource({ uri: String(given["uri"]) }, options);
      return { content: contents.map((resource) => ({ type: "resource", resource })) };
    },
  },
  {
    needs: "prompts",
    tool: reading("list_prompts", "Lists the prompts that this server offers.", object({})),
    run: async (client, _, options) => said(await client.listPrompts(undefined, options)),
  },
  {
    needs: "prompts",
    tool: reading(
      "get_prompt",
      "Gets the text of one of this server's prompts.",
      object(
        {
          name: { type: "string", description: "As list_prompts names it." },
          arguments: { type: "object", additionalProperties: { type: "string" } },
        },
        ["name"],
      ),
    ),
    async run(client, given, options) {
      const { messages } = await client.getPrompt(
        { name: String(given["name"]), arguments: textsOf(given["arguments"]) },
        options,
      );
      return { content: messages.flatMap(({ role, content }) => [text(`${role}:`), content]) };
    },
  },
];

/** The tools by which a server's resources and prompts are read; its own tools' names go first. */
export function readingTools(client: Client, own: readonly RemoteTool[]): readonly RemoteTool[] {
  const has = client.getServerCapabilities() ?? {};
  const isFree = ({ tool }: Reader) => own.every(({ name }) => name !== tool.name);
  return readers
    .filter((reader) => has[reader.needs] !== undefined && isFree(reader))
    .map(({ tool }) => tool);
}

/** Reads what such a tool names. */
export function runReading(
  client: Client,
  tool: string,
  given: Given,
  options: RequestOptions,
): Promise<CallToolResult> {
  const reader = readers.find((one) => one.tool.name === tool);
  if (reader === undefined) throw new Error(`there is no way to read by ${tool}`);
  return reader.run(client, given, options);
}

function said(value: unknown): CallToolResult {
  return { content: [text(JSON.stringify(value, null, 1))] };
}

function text(value: string): ContentBlock {
  return { type: "text", text: value };
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));
}
