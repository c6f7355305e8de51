import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { ModelPart } from "../../core/model/model.ts";
import { type Answer, collectAnswer } from "./testing/collect-answer.ts";
import { requestOf, user, weatherTool } from "./testing/model-request.ts";
import { ending, folder, isThere, readRecording, seed } from "./testing/recorded-bytes.ts";
import { excluded, type Recording, recordings, tokensOf } from "./testing/recordings.ts";
import { cutAnywhere } from "./testing/sse-framing.ts";
import { type StreamServer, startStreamServer } from "./testing/stream-server.ts";
import { openAt, type Wire } from "./testing/wires.ts";

// One of the recordings calls these two through a wrapper, which is undone for tools that there are.
const tools = ["cityAttractions", "weather"].map((name) => ({ ...weatherTool, name }));
const request = requestOf([user("hello")], { tools });

it("has its recordings beside the checkout", (context) => {
  if (isThere) return;
  if (process.env["CI"]) assert.fail(`there is no folder ${folder}`);
  console.error(`SKIPPED: no recorded model stream was run, there is no folder ${folder}`);
  context.skip(`there is no folder ${folder}`);
});

describe("a recorded stream", { skip: !isThere }, () => {
  let server: StreamServer;
  let chunks: readonly Uint8Array[] = [];
  before(async () => {
    server = await startStreamServer(() => ({ chunks }));
    console.log(`recorded streams are cut with DAPHNIA_TEST_SEED=${seed}`);
  });
  after(() => server.close());

  const run = async (wire: Wire, pieces: readonly Uint8Array[]): Promise<Answer> => {
    chunks = pieces;
    return collectAnswer(await openAt(server.url, wire), request);
  };

  it("is named in the table, each one", async () => {
    const files = await readdir(folder, { recursive: true });
    const found = files.filter((file) => file.endsWith(ending));
    const named = [...recordings.map(({ file }) => file), ...excluded];
    assert.deepEqual(found.map((file) => file.slice(0, -ending.length)).sort(), named.sort());
  });

  for (const [index, recording] of recordings.entries()) {
    it(`comes to what the table says, however it is cut: ${recording.file}`, async () => {
      const { wire, bytes } = await readRecording(recording);
      const whole = await run(wire, [bytes]);
      assert.deepEqual(summaryOf(recording, whole), recording);
      const cut = await run(wire, cutAnywhere(bytes, seed + index));
      assert.deepEqual(summaryOf(recording, cut), recording);
      assert.deepEqual(comparable(cut.parts), comparable(whole.parts));
      assert.equal(cut.error?.message, whole.error?.message);
    });
  }
});

function summaryOf({ file, provider }: Recording, { message, error, finish }: Answer): Recording {
  const calls = message.parts.filter(({ kind }) => kind.case === "toolCall").length;
  const outcome = error?.kind ?? "ok";
  return { file, provider, outcome, calls, usage: finish?.usage ? tokensOf(finish.usage) : "-" };
}

/** Parts as text. Ids that a package makes up, where the provider sent none, are numbered. */
function comparable(parts: readonly ModelPart[]): string[] {
  const made = new Map<string, string>();
  const number = (id: string) => {
    made.set(id, made.get(id) ?? `made-${made.size}`);
    return made.get(id) ?? "";
  };
  return parts.map((part) => {
    const text = JSON.stringify(part, (_, value: unknown) => {
      if (value instanceof Uint8Array) return new TextDecoder().decode(value);
      return typeof value === "bigint" ? String(value) : value;
    });
    return text.replace(/\b[a-zA-Z0-9]{16}\b/g, number);
  });
}
