import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import type { WatchResponse } from "@daphnia/protocol/event_service";
import { PartSchema } from "@daphnia/protocol/message";
import { connect } from "./node.ts";
import { createPieces, type Piece } from "./pieces.ts";
import { startTestDaemon } from "./testing/daemon.ts";
import { createTranscript } from "./transcript.ts";

const words = "one two three four five six seven eight nine ten eleven twelve thirteen";
const script = `pace_ms = 20\nchunk = 4\n[[turn]]\n[[turn.step]]\nsay = "${words}"\n`;

describe("watch, of a real daemon", () => {
  it("tells every event and byte once while the daemon is killed and started again", async () => {
    await using daemon = await startTestDaemon("[listen]\ntcp = false\n", { slow: script });
    const client = connect({ home: daemon.home });
    const { session } = await client.sessions.createSession({ model: "scripted/slow" });
    const sessionId = session?.id ?? "";
    const parts = [create(PartSchema, { kind: { case: "text", value: "go" } })];
    const { cursor } = await client.sessions.prompt({ sessionId, parts });
    const pieces = createPieces(async () => "");
    const texts = new Map<string, string>();
    const seqs: bigint[] = [];
    const transcript = createTranscript();
    let restart: Promise<void> | undefined;

    const add = (piece: Piece | undefined) => {
      if (piece !== undefined) {
        texts.set(piece.draftId, (texts.get(piece.draftId) ?? "") + piece.text);
      }
    };
    const killOnce = () => {
      if (restart !== undefined || [...texts.values()].join("").length < 20) return;
      restart = daemon.kill().then(daemon.start);
    };
    const note = async ({ events, deltas }: WatchResponse) => {
      for (const { seq, body } of events) {
        seqs.push(seq);
        if (body.case === "messageCompleted") (await pieces.ofMessage(body.value)).forEach(add);
      }
      for (const delta of deltas) add(pieces.ofDelta(delta));
      killOnce();
    };
    const selector = { sessions: [sessionId] };
    for await (const response of client.watch({ selector, after: cursor })) {
      await note(response);
      transcript.apply(response);
      if (response.events.some(({ body }) => body.case === "turnFinished")) break;
    }
    await restart;

    const { entries } = await client.sessions.getTranscript({ sessionId });
    const said = entries.slice(1).map(({ message }) => message?.parts[0]?.kind.value);
    const [broken = "", whole] = [...texts.values()];
    // The first was cut off: what was told of it is what was kept of it.
    assert.deepEqual([texts.size, said], [2, [broken, words]]);
    assert.ok(words.startsWith(broken) && broken.length >= 20);
    assert.equal(whole, words);
    assert.deepEqual(
      seqs,
      seqs.map((_, i) => BigInt(i) + (seqs[0] ?? 0n)),
    );
    assert.deepEqual(
      transcript.entries().map((item) => item.parts[0]?.kind.value),
      ["go", broken, words],
    );
  });
});
