import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { toJsonString } from "@bufbuild/protobuf";
import { ApprovalChoice } from "@daphnia/protocol/approval";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { type WatchResponse, WatchResponseSchema } from "@daphnia/protocol/event_service";
import { placeholderOf } from "../../src/base/redact-values.ts";
import { endOf, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

/** What must be found nowhere, by the name that stands in its place. */
const secrets = {
  WAREHOUSE_PASSWORD: 'Tr0ub4dor "& 3/\\ü',
  OPENAI_API_KEY: "planted-openai-key-0001",
  PASSED_ON: "passed-on-value-0002",
  "providers.anthropic.api_key": "planted-anthropic-key-0003",
  "providers.anthropic.headers.X-Team": "team-header-value-0004",
  "notify.webhook": "http://127.0.0.1:9/hook/0005-abcdef",
  "components.far.headers.Authorization": "component-header-0006",
  "components.far.env.API_SECRET": "component-variable-0007",
} as const;
/** Known by how it looks, or by the owner's pattern. */
const shaped = `ghp_${"a1B2c3D4e5F6".repeat(3)}`;
const own = "corp-0123456789abcdef";

const config = `
[permissions]
mode = "yolo"
[sandbox]
mode = "off"
[redact]
env = ["WAREHOUSE_PASSWORD"]
patterns = ["corp-[0-9a-f]{16}"]
[notify]
webhook = "${secrets["notify.webhook"]}"
[components.far]
url = "http://127.0.0.1:9/mcp"
headers = { Authorization = "Bearer ${secrets["components.far.headers.Authorization"]}" }
env = { API_SECRET = "${secrets["components.far.env.API_SECRET"]}" }
[providers.anthropic]
api_key = "${secrets["providers.anthropic.api_key"]}"
headers = { X-Team = "${secrets["providers.anthropic.headers.X-Team"]}" }
`;

const planted = [...Object.values(secrets), shaped, own];
const all = planted.join(" | ");

const call = (tool: string, parameters: Readonly<Record<string, string>>) => `
    [[turn.step.call]]
    tool = "${tool}"
    arguments = { ${Object.entries(parameters)
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
      .join(", ")} }
`;

const script = `
chunk = 3
[[turn]]
  [[turn.step]]
  think = ${JSON.stringify(`I think of ${all}.`)}
  say = ${JSON.stringify(`I say ${all}.`)}
${call("read", { path: "secrets.txt" })}
${call("bash", { command: "cat secrets.txt; echo $PASSED_ON" })}
${call("bash", { command: `echo '${secrets.OPENAI_API_KEY}'` })}
  [[turn.step]]
${call("edit", { path: "secrets.txt", old_string: "end", new_string: "the end" })}
${call("read", { path: secrets.PASSED_ON })}
  [[turn.step]]
  say = "It said: {{result.0}} {{result.1}}"
`;

const asking = `
chunk = 0
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "ask_user"
    arguments = { questions = [{ question = "The password?" }] }
  [[turn.step]]
  say = "Thanks: {{result.0}}"
`;

const agent = "---\ntools: [read, bash, edit, ask_user]\nenv_pass: [PASSED_ON]\n---\nBe brief.\n";

/** Every file below a folder. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true });
  return found.flatMap((one) => (one.isFile() ? [join(one.parentPath, one.name)] : []));
}

/** Which of the secrets a text holds, as they are or as JSON has them. */
function secretsIn(text: string): readonly string[] {
  return planted.filter((secret) => {
    const escaped = JSON.stringify(secret).slice(1, -1);
    return text.includes(secret) || text.includes(escaped);
  });
}

/** The bytes of the deltas, as text. */
function printedIn({ deltas }: WatchResponse): string {
  return deltas
    .map(({ piece }) => (piece.case === "data" ? Buffer.from(piece.value).toString() : ""))
    .join("");
}

function askedIn({ events }: WatchResponse): readonly string[] {
  return events.flatMap(({ body }) =>
    body.case === "approvalRequested" ? (body.value.approval?.id ?? []) : [],
  );
}

describe("S3: secrets", () => {
  let daemon: DaemonProcess;
  let events: readonly Event[] = [];
  let watched = "";
  before(async () => {
    const { WAREHOUSE_PASSWORD, OPENAI_API_KEY, PASSED_ON } = secrets;
    daemon = await startDaemonProcess({
      config,
      environment: { WAREHOUSE_PASSWORD, OPENAI_API_KEY, PASSED_ON },
    });
    await writeFile(join(daemon.home, "agents", "worker.md"), agent);
    await daemon.client.daemon.reload({});
    await daemon.script("leaky", script);
    await daemon.script("asking", asking);
    await writeFile(join(daemon.folder, "secrets.txt"), `${planted.join("\n")}\nend\n`);
    events = [...(await talk("leaky")), ...(await talk("asking"))];
  });
  after(() => daemon.remove());

  /** One turn, watched with its deltas to its end. */
  async function talk(name: string): Promise<readonly Event[]> {
    const { client } = daemon;
    const { session } = await client.sessions.createSession({
      ...{ roots: [daemon.folder], model: `scripted/${name}`, agent: "worker" },
      title: `about ${all}`,
    });
    const sessionId = session?.id ?? "";
    const { cursor, turnId } = await prompt(client, sessionId, `Here is ${all}.`);
    const options = { after: cursor, selector: { sessions: [sessionId] } };
    for await (const response of client.watch(options)) {
      watched += toJsonString(WatchResponseSchema, response) + printedIn(response);
      for (const approvalId of askedIn(response)) {
        const choice = ApprovalChoice.ALLOW_ONCE;
        await client.approvals.resolveApproval({ approvalId, choice, answers: [{ text: all }] });
      }
      if (response.events.some(endOf(turnId))) break;
    }
    return logOf(client, sessionId);
  }

  const told = () => events.map((event) => toJsonString(EventSchema, event)).join("\n");

  it("are in no event, and their names are", () => {
    assert.deepEqual(secretsIn(all), planted, "the search finds them");
    assert.deepEqual(secretsIn(told()), []);
    for (const name of Object.keys(secrets)) {
      assert.ok(told().includes(placeholderOf(name)), `${name} is not named`);
    }
    assert.ok(told().includes("[redacted]"));
  });

  it("are in nothing that is watched while it comes", () => {
    assert.ok(watched.includes(placeholderOf("PASSED_ON")));
    assert.deepEqual(secretsIn(watched), []);
  });

  it("go on to a command in its environment, and come back as their names", () => {
    const results = events.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? body.value.parts : [],
    );
    const texts = results.flatMap(({ kind }) => (kind.case === "text" ? [kind.value] : []));
    const printed = texts.find((text) => text.startsWith(placeholderOf("WAREHOUSE_PASSWORD")));
    assert.ok(printed?.endsWith(`end\n${placeholderOf("PASSED_ON")}\n`), printed ?? texts.join());
  });

  it("keep a file's content from being kept, and say so", () => {
    const changes = events.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? body.value.changes : [],
    );
    assert.deepEqual(
      changes.map(({ before: kept, notKept }) => [kept, notKept]),
      [[undefined, "what it held has a secret in it"]],
    );
  });

  it("are in no file of the home that the daemon wrote", async () => {
    await daemon.stop();
    const files = await filesBelow(daemon.home);
    let isSeen = false;
    for (const file of files) {
      if (/\/(scripts|agents)\/|daphnia\.toml$/.test(file)) continue; // the test wrote them
      const text = await readFile(file, "utf8");
      isSeen ||= text.includes(placeholderOf("PASSED_ON"));
      assert.deepEqual(secretsIn(text), [], file);
    }
    assert.ok(isSeen, "the search does not see what is written");
  });
});
