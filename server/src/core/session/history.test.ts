import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { ResumePolicy } from "@daphnia/protocol/agent";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { type Message, MessageSchema, type PartSchema, Role } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import { createBenchTool } from "../agent/testing/bench-tool.ts";
import { calls, says } from "../model/testing/played-model.ts";
import { createHistory } from "./history.ts";
import { breathe, openSessionBench, say } from "./testing/session-bench.ts";
import { foldTranscript } from "./transcript.ts";

type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;
type PartInit = MessageInitShape<typeof PartSchema>;

const text = (value: string): PartInit => ({ kind: { case: "text", value } });
const call = (callId: string): PartInit => ({
  kind: { case: "toolCall", value: { callId, tool: "t", arguments: "{}" } },
});
const accepted = (promptId: string): Body => ({
  case: "promptAccepted",
  value: { promptId, parts: [text(`say ${promptId}`)] },
});
const delivered = (promptId: string): Body => ({ case: "promptDelivered", value: { promptId } });
const message = (parts: PartInit[], interrupted = false): Body => ({
  case: "messageCompleted",
  value: { message: { messageId: "m", role: Role.ASSISTANT, parts }, interrupted },
});
const finished = (callId: string, status = ToolCallStatus.OK): Body => ({
  case: "toolCallFinished",
  value: { callId, status, parts: [text(`did ${callId}`)] },
});
const retried = (seq: number): Body => ({
  case: "stepRetried",
  value: { attempt: 2, supersedesSeq: BigInt(seq) },
});

function eventsOf(...bodies: Body[]): Event[] {
  return bodies.map((body, i) =>
    create(EventSchema, { seq: BigInt(i + 1), sessionId: "s", turnId: "t", step: 1, body }),
  );
}

function messagesOf(...bodies: Body[]): readonly Message[] {
  const history = createHistory();
  for (const event of eventsOf(...bodies)) history.apply(event);
  return history.messages();
}

/** `USER say a`, `TOOL did x!`: a message as one line. */
function lineOf({ role, parts }: Message): string {
  const said = parts.map(({ kind }) => {
    if (kind.case === "text") return kind.value;
    if (kind.case === "toolCall") return `call ${kind.value.callId}`;
    if (kind.case !== "toolResult") return kind.case;
    const [part] = kind.value.parts;
    return `${part?.kind.value}${kind.value.isError ? "!" : ""}`;
  });
  return `${Role[role]} ${said.join(", ")}`;
}

describe("history", () => {
  it("puts a prompt where it was delivered, and none that was withdrawn", () => {
    const messages = messagesOf(
      accepted("a"),
      accepted("b"),
      { case: "promptWithdrawn", value: { promptId: "b" } },
      message([text("before")]),
      delivered("a"),
    );
    assert.deepEqual(messages.map(lineOf), ["ASSISTANT before", "USER say a"]);
  });

  it("answers calls in call order, each once, whatever order they finished in (H2)", () => {
    const messages = messagesOf(
      message([text("I do"), call("x"), call("y")]),
      finished("y", ToolCallStatus.DENIED),
      finished("x"),
      finished("x", ToolCallStatus.INTERRUPTED),
    );
    assert.deepEqual(messages.map(lineOf), [
      "ASSISTANT I do, call x, call y",
      "TOOL did x, did y!",
    ]);
  });

  it("keeps only the text of what was interrupted, and none of what was replaced", () => {
    const cut = message(
      [{ kind: { case: "thinking", value: "hm" } }, text("half"), call("x")],
      true,
    );
    assert.deepEqual(messagesOf(cut).map(lineOf), ["ASSISTANT half"]);
    assert.deepEqual(messagesOf(cut, retried(1), message([text("whole")])).map(lineOf), [
      "ASSISTANT whole",
    ]);
    assert.deepEqual(messagesOf(message([call("x")], true)), []);
  });

  it("is the same over a restart: the same request, byte by byte (H1)", async () => {
    const plays = [calls("read", "nope"), says("there")];
    const tools = [createBenchTool("read")];
    const bench = await openSessionBench({ plays, tools });
    await say(await bench.open(), "go");
    await bench.until("COMPLETED");
    await bench.close();
    const agent = { resume: ResumePolicy.AUTO };
    const bodies: string[] = [];
    for (let restart = 0; restart < 3; restart++) {
      const again = await openSessionBench({ plays: [["hang"]], tools, agent, store: bench.store });
      const session = await again.sessions.get("a");
      if (restart === 0) await say(session, "more");
      await breathe();
      again.clock.advance(10_000); // it backs off before it goes on
      await breathe();
      const { messages, system } = again.model.requests[0]!;
      bodies.push(JSON.stringify([system, messages.map((told) => toJson(MessageSchema, told))]));
      await again.close();
    }
    assert.equal(new Set(bodies).size, 1);
    assert.match(bodies[0]!, /more/);
  });
});

describe("a transcript", () => {
  it("leaves nothing out, and says what was interrupted and replaced", async () => {
    async function* events() {
      yield* eventsOf(
        accepted("a"),
        delivered("a"),
        message([text("half"), call("x")], true),
        retried(3),
        message([call("y")]),
        finished("y", ToolCallStatus.TIMEOUT),
      );
    }
    const items = await foldTranscript(events());
    assert.deepEqual(
      items.map(({ seq, message: told, interrupted, superseded }) => [
        seq,
        lineOf(told),
        interrupted,
        superseded,
      ]),
      [
        [2, "USER say a", false, false],
        [3, "ASSISTANT half, call x", true, true],
        [5, "ASSISTANT call y", false, false],
        [6, "TOOL did y!", false, false],
      ],
    );
  });
});
