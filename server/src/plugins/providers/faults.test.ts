import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { LLMock } from "@copilotkit/aimock";
import type { ModelPart } from "../../core/model/model.ts";
import { collectAnswer } from "./testing/collect-answer.ts";
import { requestOf, user } from "./testing/model-request.ts";
import { openAt, testKey, wires } from "./testing/wires.ts";

const slow = { message: `slow down ${testKey}`, type: "rate_limit_error" };
const tooLong = { message: "prompt is too long: 200001 tokens > 200000 maximum" };

for (const wire of wires) {
  describe(`a fault of a server that speaks ${wire.provider}`, () => {
    let server: LLMock;
    before(async () => {
      server = await LLMock.create({ port: 0 });
      server.onMessage("rate", { error: slow, status: 429, retryAfter: 7 });
      server.onMessage("fail", { error: { message: "boom" }, status: 500 });
      server.onMessage("busy", { error: { message: "overloaded" }, status: 529 });
      server.onMessage("key", { error: { message: "who are you?" }, status: 401 });
      server.onMessage("long", { error: tooLong, status: 400 });
      server.onMessage("wrong", { error: { message: "no such thing" }, status: 404 });
      server.onMessage("drop", { content: "x" }, { chaos: { disconnectRate: 1 } });
      server.onMessage("garbage", { content: "x" }, { chaos: { malformedRate: 1 } });
      server.onMessage("broken", {
        toolCalls: [{ id: "call_a", name: "get_weather", arguments: '{"city":"Par' }],
      });
    });
    after(() => server.stop());

    const failing = async (prompt: string) => {
      const model = await openAt(server.url, wire);
      const { error, parts } = await collectAnswer(model, requestOf([user(prompt)]));
      assert.ok(error, "the call fails");
      assert.ok(!error.message.includes(testKey), "the key stays secret");
      assert.ok(error.message.length < 300, "the message is short");
      assert.deepEqual(kindsOf(parts), ["request"]);
      return error;
    };

    it("says how long to wait when there are too many requests", async () => {
      const error = await failing("rate");
      assert.deepEqual([error.kind, error.retryAfter], ["rate_limit", 7000]);
      assert.match(error.message, /answered 429: slow down \*\*\*$/);
    });

    it("is an overload when the server fails or is busy", async () => {
      const kinds = [(await failing("fail")).kind, (await failing("busy")).kind];
      assert.deepEqual(kinds, ["overloaded", "overloaded"]);
    });

    it("names the variable of a key that is refused", async () => {
      const { kind, message } = await failing("key");
      assert.equal(kind, "auth");
      assert.match(message, /refused the key \(set in \w+_API_KEY.*\): who are you\?$/);
    });

    it("tells a request that is too long from one that is wrong", async () => {
      const kinds = [(await failing("long")).kind, (await failing("wrong")).kind];
      assert.deepEqual(kinds, ["context_length", "invalid_request"]);
    });

    it("is the network's when the connection drops before the first token", async () => {
      assert.equal((await failing("drop")).kind, "network");
    });

    it("is malformed when what answers does not speak the format", async () => {
      const { kind, message } = await failing("garbage");
      assert.equal(kind, "malformed");
      assert.match(message, /is its base URL right\?$/);
    });

    it("is none when a call's arguments are no JSON: the text is kept for the turn to refuse", async () => {
      const model = await openAt(server.url, wire);
      const { error, message } = await collectAnswer(model, requestOf([user("broken")]));
      assert.equal(error, undefined);
      const calls = message.parts.flatMap(({ kind }) =>
        kind.case === "toolCall" ? [kind.value] : [],
      );
      // Two of the formats carry arguments as objects: the server itself sends an empty one.
      const asObject = ["anthropic", "google", "google-interactions"].includes(wire.provider);
      assert.deepEqual(
        calls.map((call) => [call.tool, call.arguments]),
        [["get_weather", asObject ? "{}" : '{"city":"Par']],
      );
    });
  });
}

function kindsOf(parts: readonly ModelPart[]): string[] {
  return parts.map(({ kind }) => kind);
}
