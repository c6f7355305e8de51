import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "@daphnia/protocol/message";
import { collectAnswer } from "./testing/collect-answer.ts";
import { assistant, call, requestOf, results, text, user } from "./testing/model-request.ts";
import { startStreamServer } from "./testing/stream-server.ts";
import { openAt, wires } from "./testing/wires.ts";

const mark = ',"cache_control":{"type":"ephemeral"}';

async function bodyOf(provider: string, messages: readonly Message[]): Promise<string> {
  const server = await startStreamServer(() => ({ status: 500, chunks: [] }));
  try {
    const wire = wires.find((candidate) => candidate.provider === provider);
    assert.ok(wire);
    const { body } = await collectAnswer(await openAt(server.url, wire), requestOf(messages));
    return new TextDecoder().decode(body);
  } finally {
    await server.close();
  }
}

const round = (count: number) => {
  const ids = Array.from({ length: count }, (_, i) => `call_${i}`);
  const calls = ids.map((callId) => call({ callId, tool: "get_weather", arguments: "{}" }));
  return [assistant(...calls), results(...ids.map((callId) => ({ callId, said: "fine" })))];
};

describe("prompt caching", () => {
  it("marks the system text, the tools and the end of the last message", async () => {
    const body = JSON.parse(
      await bodyOf("anthropic", [user("one"), assistant(text("two")), user("three", "four")]),
    );
    const cache_control = { type: "ephemeral" };
    assert.deepEqual(body.system[0].cache_control, cache_control);
    assert.deepEqual(body.tools[0].cache_control, cache_control);
    assert.deepEqual(body.messages[2].content[1].cache_control, cache_control);
    assert.equal(JSON.stringify(body).split(mark).length - 1, 3);
  });

  it("marks the end before as well after a step longer than the provider looks back", async () => {
    const body = await bodyOf("anthropic", [user("one"), ...round(12)]);
    assert.equal(body.split(mark).length - 1, 4);
  });

  for (const { provider } of wires) {
    it(`leaves every byte before the end of a request where it was, for ${provider}`, async () => {
      const messages = [user("one"), ...round(2)];
      const shorter = (await bodyOf(provider, messages)).replaceAll(mark, "");
      const longer = (await bodyOf(provider, [...messages, ...round(2)])).replaceAll(mark, "");
      const tail = [...shorter].findIndex((_, at) => shorter[at] !== longer[at]);
      // Only what closes the list of messages stands after the first byte that differs.
      assert.ok(shorter.lastIndexOf("fine") < tail, `${shorter.slice(tail - 40, tail)}`);
    });
  }
});
