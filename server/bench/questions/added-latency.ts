import { connect } from "node:http2";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { newSession, openViewer } from "../conversation.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { dial } from "../raw-client.ts";
import { startBare, startDaemon } from "../server-process.ts";
import { quantile } from "../statistics.ts";

const pieces = 150;
/** Milliseconds between two pieces, as a fast model streams. */
const pace = 10;

export const addedLatency: Question = {
  name: "added latency",
  asks: "How long from the model server's byte until a viewer has the delta?",
  method: `The model server and the viewer are this process, so one clock counts: from just before a piece is written to the socket until the viewer has decoded it. ${pieces} pieces an answer, one each ${pace} ms, min_frame 0. Baseline: a bare server that passes the bytes on.`,
  notMeasured:
    "Several turns at once (see the next question); TCP viewers, who get deltas each 16 ms.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const sent: number[] = [];
    const model = await startModelServer(async (speaker) => {
      for (let piece = 0; piece < pieces; piece++) {
        sent[piece] = performance.now();
        speaker.say(`${piece} `);
        await sleep(pace);
      }
      speaker.end();
    });
    const bare: number[] = [];
    const daemon: number[] = [];
    const relay = await openRelay(model);
    const talk = await openTalk(bench, model);
    for (let round = 0; round <= (isQuick ? 1 : 5); round++) {
      const isWarm = round > 0;
      await relay.run((piece, seen) => isWarm && bare.push(seen - (sent[piece] ?? 0)));
      await talk.run((piece, seen) => isWarm && daemon.push(seen - (sent[piece] ?? 0)));
    }
    await relay.close();
    await talk.close();
    model.close();
    const baseline = (share: number) => withUnit(quantile(bare, share), "ms");
    const p50 = quantile(daemon, 0.5);
    return [
      judged("byte to delta, p50", { value: p50, most: 2, unit: "ms", baseline: baseline(0.5) }),
      {
        name: "byte to delta, p99",
        value: withUnit(quantile(daemon, 0.99), "ms"),
        baseline: baseline(0.99),
      },
    ];
  },
};

type OnPiece = (piece: number, seen: number) => unknown;

interface Listening {
  /** Has one answer told, and tells when each piece was seen. */
  run(onPiece: OnPiece): Promise<void>;
  close(): Promise<void>;
}

async function openRelay(model: ModelServer): Promise<Listening> {
  const url = model.environment["ANTHROPIC_BASE_URL"] ?? "";
  const server = await startBare("bare-relay.js", url);
  const session = connect("http://localhost", {
    createConnection: () => createConnection(server.socket),
  });
  return {
    run: (onPiece) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":method": "POST", ":path": "/relay" });
        stream.setEncoding("utf8");
        stream.on("data", (text: string) => {
          const seen = performance.now();
          for (const [, piece] of text.matchAll(/"text":"(\d+) "/g)) onPiece(Number(piece), seen);
        });
        stream.on("end", resolve);
        stream.on("error", reject);
        stream.end();
      }),
    async close() {
      session.destroy();
      await server.stop();
    },
  };
}

async function openTalk(bench: BenchContext["package"], model: ModelServer): Promise<Listening> {
  const { environment } = model;
  const daemon = await startDaemon(bench, { environment });
  const client = dial(daemon.socket);
  const session = await newSession(client, model.model, daemon.home);
  let tell: OnPiece = () => {};
  const viewer = openViewer(client, ({ deltas }) => {
    const seen = performance.now();
    for (const { piece } of deltas) {
      if (piece.case !== "text") continue;
      for (const said of piece.value.trim().split(" ")) tell(Number(said), seen);
    }
  });
  return {
    async run(onPiece) {
      tell = onPiece;
      await viewer.turn(session, "count");
    },
    async close() {
      viewer.leave();
      client.close();
      await daemon.stop();
    },
  };
}
