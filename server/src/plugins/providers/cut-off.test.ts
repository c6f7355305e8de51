import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { Model, ModelPart } from "../../core/model/model.ts";
import { ModelError } from "../../core/model/model-error.ts";
import { collectAnswer } from "./testing/collect-answer.ts";
import { requestOf, user } from "./testing/model-request.ts";
import { frameEvents } from "./testing/sse-framing.ts";
import { type Reply, type StreamServer, startStreamServer } from "./testing/stream-server.ts";
import { helloEvents } from "./testing/wire-events.ts";
import { openAt, type Wire, wires } from "./testing/wires.ts";

const request = requestOf([user("hello")]);
const never = new AbortController().signal;

let server: StreamServer | undefined;
afterEach(() => server?.close());

async function start(wire: Wire, reply: Reply): Promise<{ model: Model; server: StreamServer }> {
  server = await startStreamServer(() => reply);
  return { model: await openAt(server.url, wire), server };
}

/** Reads up to the first piece of the answer. */
async function readToFirstPiece(iterator: AsyncIterator<ModelPart>): Promise<string> {
  for (;;) {
    const { value, done } = await iterator.next();
    if (done === true) throw new Error("the answer ended before its first piece");
    if (value.kind === "piece") return value.text;
  }
}

for (const wire of wires) {
  const hello = (more: readonly string[] = []) => [
    frameEvents(helloEvents(wire.dialect), wire.dialect).subarray(
      0,
      -doneLength(wire) || undefined,
    ),
    ...more.map((text) => new TextEncoder().encode(text)),
  ];

  describe(`a call in the ${wire.provider} format`, () => {
    it("sends exactly the body that its first part shows, and only when asked to go on", async () => {
      const { model, server } = await start(wire, { status: 500, chunks: [] });
      const iterator = model.stream(request, never)[Symbol.asyncIterator]();
      const { value } = await iterator.next();
      assert.equal(value?.kind, "request");
      assert.equal(server.bodies.length, 0);
      await assert.rejects(iterator.next(), ModelError);
      assert.deepEqual(
        server.bodies.map((body) => new TextDecoder().decode(body)),
        [new TextDecoder().decode(value.body)],
      );
    });

    it("sends nothing when nobody asks for more than the request", async () => {
      const { model, server } = await start(wire, { chunks: [] });
      for await (const { kind } of model.stream(request, never)) {
        assert.equal(kind, "request");
        break;
      }
      assert.equal(server.bodies.length, 0);
    });

    it("keeps what came before the connection broke", async () => {
      const { model, server } = await start(wire, { chunks: hello(), last: "hold" });
      const iterator = model.stream(request, never)[Symbol.asyncIterator]();
      assert.equal(await readToFirstPiece(iterator), "Hello");
      server.cut();
      await assert.rejects(iterator.next(), { name: "ModelError", kind: "network" });
    });

    it("does not take an answer for whole that stops without its last event", async () => {
      const { model } = await start(wire, { chunks: hello() });
      const { error, message } = await collectAnswer(model, request);
      assert.equal(error?.kind, "network");
      assert.deepEqual(
        message.parts.map(({ kind }) => kind.value),
        ["Hello"],
      );
    });

    it("fails as malformed after an event that is no JSON, and keeps the words", async () => {
      const { model } = await start(wire, { chunks: hello(["data: {oops\n\n"]) });
      const { error, message } = await collectAnswer(model, request);
      assert.equal(error?.kind, "malformed");
      assert.match(error.message, /could not be read: an event is not JSON/);
      assert.deepEqual(
        message.parts.map(({ kind }) => kind.value),
        ["Hello"],
      );
    });

    it("closes the connection when its signal aborts", async () => {
      const { model, server } = await start(wire, { chunks: hello(), last: "hold" });
      const control = new AbortController();
      const iterator = model.stream(request, control.signal)[Symbol.asyncIterator]();
      await readToFirstPiece(iterator);
      const reason = new Error("canceled by a person");
      const next = iterator.next();
      control.abort(reason);
      await assert.rejects(next, reason);
      await server.left;
    });

    it("closes the connection when nobody reads on", async () => {
      const { model, server } = await start(wire, { chunks: hello(), last: "hold" });
      for await (const { kind } of model.stream(request, never)) if (kind === "piece") break;
      await server.left;
    });

    it("is the network's failure when nobody listens there", async () => {
      const { model, server } = await start(wire, { chunks: [] });
      await server.close();
      const { error } = await collectAnswer(model, request);
      assert.equal(error?.kind, "network");
      assert.match(error.message, /^the connection to .* failed: .*ECONNREFUSED/);
    });
  });
}

describe("what a broken call has used", () => {
  it("is told by the format that counts before it answers, and by no other", async () => {
    for (const wire of wires) {
      const { model, server } = await start(wire, { chunks: [], last: "cut" });
      const refused = await collectAnswer(model, request);
      assert.deepEqual([refused.error?.kind, refused.spent], ["network", undefined]);
      await server.close();
      const bytes = frameEvents(helloEvents(wire.dialect), wire.dialect);
      const chunks = [bytes.subarray(0, -doneLength(wire) || undefined)];
      const { model: broken, server: other } = await start(wire, { chunks });
      const { spent, finish, error } = await collectAnswer(broken, request);
      assert.deepEqual([finish, error?.kind], [undefined, "network"]);
      const { inputTokens, outputTokens } = spent?.usage ?? {};
      const counted = wire.dialect === "anthropic" ? [3n, 1n] : [undefined, undefined];
      assert.deepEqual([inputTokens, outputTokens], counted);
      await other.close();
    }
  });
});

/** The dialects that end with `[DONE]` are served without it here. */
function doneLength({ dialect }: Wire): number {
  return dialect === "openai-chat" || dialect === "compatible" ? "data: [DONE]\n\n".length : 0;
}
