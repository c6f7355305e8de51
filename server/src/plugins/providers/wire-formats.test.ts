import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { LLMock } from "@copilotkit/aimock";
import { collectAnswer } from "./testing/collect-answer.ts";
import { requestOf, results, user } from "./testing/model-request.ts";
import { openAt, wires } from "./testing/wires.ts";

const paris = '{"city":"Paris","days":1.0}';
const rome = '{"city":"Rome","days":2}';

for (const wire of wires) {
  describe(`the ${wire.provider} format`, () => {
    let server: LLMock;
    before(async () => {
      server = await LLMock.create({ port: 0, chunkSize: 5 });
      const toolCalls = [
        { id: "call_a", name: "get_weather", arguments: paris },
        { id: "call_b", name: "get_weather", arguments: rome },
      ];
      const reasoning = "They want the weather.";
      const first = { content: "Let me look.", reasoning, toolCalls };
      server.on(
        { predicate: ({ messages }) => messages.some(({ role }) => role === "assistant") },
        { content: "It is 21 °C." },
      );
      server.onMessage("weather", first);
    });
    after(() => server.stop());

    it("carries thinking, text, parallel calls and their results over two rounds", async () => {
      const model = await openAt(server.url, wire);
      const asked = user("What is the weather?");
      const first = await collectAnswer(model, requestOf([asked]));
      assert.equal(first.error, undefined);
      const said = first.message.parts.map(({ kind }) =>
        kind.case === "toolCall"
          ? [
              kind.case,
              kind.value.providerCallId,
              kind.value.tool,
              JSON.parse(kind.value.arguments),
            ]
          : [kind.case, kind.value],
      );
      assert.deepEqual(said, [
        ...(wire.thinks ? [["thinking", "They want the weather."]] : []),
        ["text", "Let me look."],
        ["toolCall", "call_a", "get_weather", JSON.parse(paris)],
        ["toolCall", "call_b", "get_weather", JSON.parse(rome)],
      ]);

      const answers = first.message.parts.flatMap(({ kind }) =>
        kind.case === "toolCall" ? [{ callId: kind.value.callId, said: "21 degrees" }] : [],
      );
      const second = await collectAnswer(
        model,
        requestOf([asked, first.message, results(...answers)]),
      );
      assert.equal(second.error, undefined);
      const texts = second.message.parts.flatMap(({ kind }) =>
        kind.case === "text" ? [kind.value] : [],
      );
      assert.deepEqual(texts, ["It is 21 °C."]);

      assert.match(
        new TextDecoder().decode(second.body),
        /call_a.*call_b.*call_a.*21 degrees.*call_b.*21 degrees/,
      );
    });

    it("tells who answered and under which id", async () => {
      const model = await openAt(server.url, wire);
      const { finish } = await collectAnswer(model, requestOf([user("weather")]));
      assert.ok(finish?.requestId);
      assert.ok(finish.reason);
      if (!wire.provider.startsWith("google")) assert.equal(finish.responseModel, wire.model);
    });
  });
}
