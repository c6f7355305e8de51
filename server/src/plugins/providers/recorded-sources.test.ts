import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Answer, collectAnswer } from "./testing/collect-answer.ts";
import { requestOf, user } from "./testing/model-request.ts";
import { isThere, readRecording } from "./testing/recorded-bytes.ts";
import { recordings } from "./testing/recordings.ts";
import { type StreamServer, startStreamServer } from "./testing/stream-server.ts";
import { openAt } from "./testing/wires.ts";

/** Sources of an answer, and what its provider ran for it. */
const searches = [
  ["anthropic/anthropic-web-search-tool.1", 10, "web_search"],
  ["google/google-search", 8, "google_search"],
  ["openai/openai-file-search-tool.1", 2, "file_search"],
  ["openai/openai-web-search-tool.1", 21, "web_search"],
] as const;

describe("a recorded search", { skip: !isThere }, () => {
  let server: StreamServer;
  let chunks: readonly Uint8Array[] = [];
  before(async () => {
    server = await startStreamServer(() => ({ chunks }));
  });
  after(() => server.close());

  /** The answer, and the body of the request that goes on from it. */
  async function play(file: string): Promise<{ answer: Answer; next: string }> {
    const recording = recordings.find((known) => known.file === file);
    assert.ok(recording);
    const { wire, bytes } = await readRecording(recording);
    chunks = [bytes];
    const model = await openAt(server.url, wire);
    const answer = await collectAnswer(model, requestOf([user("search")]));
    const messages = [user("search"), answer.message, user("go on")];
    const { body } = await collectAnswer(model, requestOf(messages));
    return { answer, next: new TextDecoder().decode(body) };
  }

  for (const [file, count, tool] of searches) {
    it(`names its sources, and keeps what was run: ${file}`, async () => {
      const { answer, next } = await play(file);
      const { parts } = answer.message;
      const sources = parts.flatMap(({ kind }) => (kind.case === "source" ? [kind.value] : []));
      assert.equal(sources.length, count);
      for (const { url, fileName } of sources)
        assert.match(url || fileName, /^https:\/\/.|.\.\w+$/);
      const run = parts.flatMap(({ kind }) => (kind.case === "opaque" ? [kind.value.type] : []));
      assert.deepEqual([...new Set(run)], [`tool-call ${tool}`, `tool-result ${tool}`]);
      assert.ok(next.includes("go on"));
    });
  }

  it("goes back to its provider as it came", async () => {
    const { next } = await play("anthropic/anthropic-web-search-tool.1");
    const body: { messages: { role: string; content: { type: string }[] }[] } = JSON.parse(next);
    const types = body.messages[1]?.content.map(({ type }) => type) ?? [];
    assert.deepEqual(types.slice(0, 3), ["server_tool_use", "web_search_tool_result", "text"]);
    assert.match(next, /"encrypted_content":"\S{100,}"/);
  });
});
