import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { toJsonString } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema, TurnErrorKind } from "@daphnia/protocol/event";
import { TurnOutcome } from "@daphnia/protocol/session";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { casesOf, endOf, eventsUntil, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { type ModelServer, type SeenRequest, startModelServer } from "../model-server.ts";

const key = "sk-the-secret-of-this-test";
const claude = "anthropic/claude-sonnet-5";
const wires = [
  claude,
  "openai/gpt-5.5",
  "openai-chat/gpt-5.5",
  "google/gemini-3.8-flash",
  "google-interactions/gemini-3.8-flash",
  "openai-compatible/some-model",
];

/** What a turn without a fault tells after its step has started. */
const answered = ["messageCompleted", "stepFinished", "turnFinished"];
const begun = ["promptAccepted", "turnStarted", "promptDelivered", "stepStarted"];

describe("the faults of a model server", () => {
  let server: ModelServer;
  let daemon: DaemonProcess;
  before(async () => {
    server = await startModelServer({ alter: spoil });
    teach(server);
    daemon = await startDaemonProcess({ environment: environmentOf(server.url) });
    const limits = `[limits]\nretry_pause = "50ms"\nmax_attempts = 3\nlongest_retry_pause = "5s"\n`;
    await writeFile(join(daemon.home, "daphnia.toml"), limits);
    const { rejected } = await daemon.client.daemon.reload({});
    assert.deepEqual(rejected, []);
  });
  after(async () => {
    await daemon?.remove();
    await server?.close();
  });

  /** One turn from its prompt to its end, and what the server was sent meanwhile. */
  async function turnOf(text: string, model = claude): Promise<Told> {
    const { sessions } = daemon.client;
    const { session } = await sessions.createSession({ roots: [daemon.folder], model });
    const sessionId = session?.id ?? "";
    const before = server.requests.length;
    const { turnId, cursor } = await prompt(daemon.client, sessionId, text);
    const selector = { sessions: [sessionId] };
    const events = await eventsUntil(daemon.client, { after: cursor, selector }, endOf(turnId));
    return { sessionId, turnId, events, requests: server.requests.slice(before) };
  }

  /** Asserts that each step's request is kept as the bytes that the server received. */
  async function checkRequests({ sessionId, turnId, requests }: Told, attempts: number[]) {
    for (const [i, at] of attempts.entries()) {
      const step = i + 1;
      const kept = await daemon.client.sessions.getStepRequest({ sessionId, turnId, step });
      assert.equal(kept.mediaType, "application/json");
      assert.equal(Buffer.from(kept.body).toString(), requests[at]?.body.toString());
    }
    assert.equal(requests.length, (attempts.at(-1) ?? -1) + 1);
  }

  for (const model of wires) {
    it(`T5: a turn with a tool call runs at ${model}, and its requests are kept to the byte`, async () => {
      const told = await turnOf("look around", model);
      const { outcome, output } = endingOf(told);
      assert.deepEqual([outcome, output], [TurnOutcome.COMPLETED, "I waited."]);
      assert.deepEqual(casesOf(told.events), [
        ...[...begun, "messageCompleted", "stepFinished", "toolCallStarted", "toolCallFinished"],
        ...["stepStarted", ...answered],
      ]);
      await checkRequests(told, [0, 1]);
      assert.match(String(told.requests[1]?.body), /waited 1 ms/);
    });
  }

  it("T5: 429 is retried after the time that the server named, and seen", async () => {
    const told = await turnOf("too many");
    assert.deepEqual(casesOf(told.events), [...begun, "stepRetried", ...answered]);
    const [retry] = retriesOf(told);
    assert.deepEqual([retry?.kind, retry?.attempt], [TurnErrorKind.RATE_LIMIT, 2]);
    assert.ok(retry !== undefined && retry.delay >= 1000, `announced ${retry?.delay} ms`);
    const [first, second] = told.requests;
    const waited = (second?.time ?? 0) - (first?.time ?? 0);
    assert.ok(waited >= 1000, `the server asked for 1 s, the daemon waited ${waited} ms`);
    await checkRequests(told, [1]);
  });

  it("T5: 500 is retried", async () => {
    const told = await turnOf("boom");
    assert.deepEqual(casesOf(told.events), [...begun, "stepRetried", ...answered]);
    assert.deepEqual(
      retriesOf(told).map(({ kind }) => kind),
      [TurnErrorKind.OVERLOADED],
    );
    assert.equal(endingOf(told).output, "It works again.");
  });

  it("T5: a server that always fails ends the turn FAILED after the last attempt", async () => {
    const told = await turnOf("always down");
    const { outcome, error } = endingOf(told);
    assert.deepEqual([outcome, error?.kind], [TurnOutcome.FAILED, TurnErrorKind.OVERLOADED]);
    assert.deepEqual(casesOf(told.events), [
      ...begun,
      "stepRetried",
      "stepRetried",
      "turnFinished",
    ]);
    assert.equal(told.requests.length, 3);
    assert.equal(new Set(told.requests.map(({ body }) => String(body))).size, 1);
  });

  it("T5: a connection dropped before the first token is retried, and nothing is superseded", async () => {
    const told = await turnOf("drop early");
    assert.deepEqual(casesOf(told.events), [...begun, "stepRetried", ...answered]);
    const [retry] = retriesOf(told);
    assert.deepEqual([retry?.kind, retry?.supersedes], [TurnErrorKind.NETWORK, 0n]);
  });

  for (const [text, kind] of [
    ["drop late", TurnErrorKind.NETWORK],
    ["garbage chunk", TurnErrorKind.MALFORMED],
  ] as const) {
    it(`T5: an answer that breaks after its first token (${text}) is kept, superseded, and no history`, async () => {
      const told = await turnOf(text);
      assert.deepEqual(casesOf(told.events), [
        ...[...begun, "messageCompleted", "stepFinished", "stepRetried", ...answered],
      ]);
      const cut = told.events[begun.length];
      assert.ok(cut?.body.case === "messageCompleted" && cut.body.value.interrupted);
      const [part] = cut.body.value.message?.parts ?? [];
      assert.ok(part?.kind.case === "text" && part.kind.value.startsWith("Half"));
      const [retry] = retriesOf(told);
      assert.deepEqual([retry?.kind, retry?.supersedes], [kind, cut.seq]);

      const { sessionId } = told;
      const asked = await daemon.client.sessions.ask({ sessionId, text: "and then?" });
      assert.equal(asked.text, "Nothing more.");
      const last = String(server.requests.at(-1)?.body);
      assert.match(last, /It works again\./);
      assert.doesNotMatch(last, /Half/);
      const { entries } = await daemon.client.sessions.getTranscript({ sessionId });
      assert.deepEqual(
        entries.map(({ superseded }) => superseded),
        [...[false, true, false, false, false]],
      );
    });
  }

  for (const model of [claude, "openai-chat/gpt-5.5"]) {
    it(`T5: a tool call with broken JSON from ${model} is answered, and the model goes on`, async () => {
      const told = await turnOf("broken call", model);
      assert.deepEqual(casesOf(told.events), [
        ...[...begun, "messageCompleted", "stepFinished", "toolCallFinished"],
        ...["stepStarted", ...answered],
      ]);
      const call = told.events[begun.length]?.body;
      assert.ok(call?.case === "messageCompleted");
      const [asked] = call.value.message?.parts ?? [];
      assert.ok(asked?.kind.case === "toolCall");
      assert.equal(asked.kind.value.arguments, '{"ms":');
      const refused = told.events[begun.length + 2]?.body;
      assert.ok(refused?.case === "toolCallFinished");
      assert.equal(refused.value.status, ToolCallStatus.INVALID_ARGUMENTS);
      assert.match(String(told.requests[1]?.body), /The arguments are not valid JSON: it ends too/);
      assert.equal(endingOf(told).output, "I waited.");
    });
  }

  it("T5: a refused key ends the turn FAILED at once, names the variable and not the key", async () => {
    const told = await turnOf("wrong key");
    const { outcome, error } = endingOf(told);
    assert.deepEqual([outcome, error?.kind], [TurnOutcome.FAILED, TurnErrorKind.AUTH]);
    assert.match(error?.message ?? "", /ANTHROPIC_API_KEY/);
    assert.match(error?.message ?? "", /nobody knows \*\*\*/);
    const said = told.events.map((event) => toJsonString(EventSchema, event)).join("\n");
    assert.ok(!said.includes(key), "the key is in an event");
    const log = await readFile(join(daemon.home, "logs", "daemon.log"), "utf8");
    assert.ok(!log.includes(key), "the key is in the daemon's log");
    assert.deepEqual(casesOf(told.events), [...begun, "turnFinished"]);
    assert.equal(told.requests.length, 1);
  });

  it("T5: a context that is too long ends the turn FAILED at once, and the next prompt runs", async () => {
    const told = await turnOf("too long");
    const { outcome, error } = endingOf(told);
    assert.deepEqual([outcome, error?.kind], [TurnOutcome.FAILED, TurnErrorKind.CONTEXT_LENGTH]);
    assert.equal(told.requests.length, 1);
    const { sessionId } = told;
    const next = await daemon.client.sessions.ask({ sessionId, text: "and then?" });
    assert.deepEqual([next.text, next.outcome], ["Nothing more.", TurnOutcome.COMPLETED]);
  });
});

interface Told {
  readonly sessionId: string;
  readonly turnId: string;
  readonly events: readonly Event[];
  readonly requests: readonly SeenRequest[];
}

function endingOf({ events }: Told) {
  const last = events.at(-1)?.body;
  assert.ok(last?.case === "turnFinished");
  return last.value;
}

function retriesOf({ events }: Told) {
  return events.flatMap(({ body }) => {
    if (body.case !== "stepRetried") return [];
    const { attempt, reason, delay, supersedesSeq } = body.value;
    const ms = delay === undefined ? 0 : durationMs(delay);
    return [{ attempt, kind: reason?.kind, delay: ms, supersedes: supersedesSeq }];
  });
}

/** Faults come first, and once, but for those that a retry does not help. */
function teach({ mock }: ModelServer): void {
  const half = { content: "Half an answer, cut off somewhere." };
  const once = (userMessage: string) => ({ userMessage, sequenceIndex: 0 });
  const slow = { message: "slow down", type: "rate_limit_error" };
  const unknown = { message: `nobody knows ${key}` };
  const long = { message: "prompt is too long: 200001 tokens > 200000 maximum" };
  const wait = (text: string) => ({ toolCalls: [{ id: "call_a", name: "wait", arguments: text }] });
  mock.onMessage("and then?", { content: "Nothing more." });
  mock.on({ hasToolResult: true }, { content: "I waited." });
  // It takes a result in the interactions format for an empty message.
  mock.on(
    { predicate: ({ messages }) => messages.at(-1)?.content === "" },
    { content: "I waited." },
  );
  mock.onMessage("look around", wait('{"ms":1}'));
  mock.onMessage("broken call", wait('{"ms":'));
  mock.on(once("too many"), { error: slow, status: 429, retryAfter: 1 });
  mock.on(once("boom"), { error: { message: "boom" }, status: 500 });
  mock.onMessage("always down", { error: { message: "down" }, status: 500 });
  mock.on(once("drop early"), half, { chaos: { disconnectRate: 1 } });
  mock.on(once("drop late"), half, { latency: 20, truncateAfterChunks: 4 });
  mock.on(once("garbage chunk"), half, { latency: 20 });
  mock.onMessage("wrong key", { error: unknown, status: 401 });
  mock.onMessage("too long", { error: long, status: 400 });
  mock.on({}, { content: "It works again." });
}

/** Puts no JSON into an answer, and broken JSON where the server itself would mend it. */
function spoil(piece: string, { body }: SeenRequest): string {
  if (String(body).includes("garbage chunk"))
    return piece.includes('"text":"Half') ? `${piece}data: {oops\n\n` : piece;
  return String(body).includes("broken call")
    ? piece.replace('"partial_json":"{}"', '"partial_json":"{\\"ms\\":"')
    : piece;
}

function environmentOf(url: string): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: key,
    ANTHROPIC_BASE_URL: url,
    OPENAI_API_KEY: key,
    OPENAI_BASE_URL: url,
    GEMINI_API_KEY: key,
    GOOGLE_GEMINI_BASE_URL: url,
    OPENAI_COMPATIBLE_API_KEY: key,
    OPENAI_COMPATIBLE_BASE_URL: url,
  };
}
