import { setTimeout as sleep } from "node:timers/promises";
import { newSession, openViewer } from "../conversation.ts";
import { type Curve, drawCurves } from "../curve.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";
import { type BenchContext, type Figure, judged, type Question, withUnit } from "../question.ts";
import { dial } from "../raw-client.ts";
import { type DaemonServer, startDaemon } from "../server-process.ts";
import { stalls } from "../stalled-viewer.ts";
import { quantile } from "../statistics.ts";

const mib = 1024 * 1024;
const answerBytes = 10 * mib;
const pieceBytes = 1024;
/** Milliseconds between two pieces: 10 MB in about twenty seconds. */
const pace = 2;
/** MB that one viewer may make the daemon hold: `max_batch_bytes`, as docs/operating.md says. */
const cap = 64 / 1024;
const crowds = [
  { viewers: 32, color: "#1b6ca8" },
  { viewers: 200, color: "#c0392b" },
] as const;
const fastReaders = 2;
const sampleEvery = 50;
const picture = "v5";

export const stalledViewers: Question = {
  name: "stalled viewers",
  picture,
  asks: "How much does a daemon grow by viewers that never read, in a turn of 10 MB?",
  method: `Viewers on connections of their own that take nothing after the first message: a third does not read its HTTP/2 stream, a third not its socket (with a window of 16 MiB), a third not its HTTP/1.1 socket. ${fastReaders} readers read all. The model server says pieces of 1 KiB, one each ${pace} ms, as fast as the daemon takes them; each round in a session of its own, after a short turn that loads the provider's package. VmRSS each ${sampleEvery} ms, from before the viewers came; they leave when the turn is over, and the last figure is taken 60 s later. Delivery: from the model server's byte until both readers had it. One daemon for each number of viewers; no medians.`,
  notMeasured:
    "A daemon after hours of such turns; TCP, where kernels hold more; readers that stall and go on.",
  async answer({ isQuick, package: bench, draw }: BenchContext) {
    const figures: Figure[] = [];
    const curves: Curve[] = [];
    for (const crowd of crowds) {
      const { found, curve } = await measure(bench, crowd, isQuick);
      figures.push(...found);
      curves.push(curve);
    }
    draw(picture, drawCurves("RSS of the daemon; dashed: what it may reach", "MB", curves));
    return figures;
  },
};

type Crowd = (typeof crowds)[number];

interface Round {
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  readonly deliveries: readonly number[];
}

async function measure(
  bench: BenchContext["package"],
  { viewers, color }: Crowd,
  isQuick: boolean,
) {
  const pieces = (isQuick ? answerBytes / 10 : answerBytes) / pieceBytes;
  const rest = isQuick ? 3000 : 60_000;
  const talk = await openTalk(bench);
  await talk.turn(20);
  await sleep(2000);
  const began = performance.now();
  const points: (readonly [number, number])[] = [];
  const marks: (readonly [number, string])[] = [];
  const sample = () => {
    points.push([(performance.now() - began) / 1000, talk.daemon.resident()]);
  };
  const mark = (what: string) => marks.push([(performance.now() - began) / 1000, what]);
  const sampling = setInterval(sample, sampleEvery);
  const round = async (): Promise<Round> => {
    const before = talk.daemon.resident();
    const first = points.length;
    const leave: (() => void)[] = [];
    for (let i = 0; i < viewers; i++) {
      const stall = stalls[i % stalls.length]!;
      leave.push(await stall(talk.daemon.socket));
    }
    mark(`${viewers} seated`);
    const deliveries = await talk.turn(pieces);
    sample();
    for (const go of leave) go();
    mark("turn over, they leave");
    const peak = Math.max(...points.slice(first).map(([, value]) => value));
    await sleep(rest);
    return { before, peak, after: talk.daemon.resident(), deliveries };
  };
  const one = await round();
  const two = await round();
  clearInterval(sampling);
  await talk.close();
  const most = viewers * cap + 50;
  const limit = one.before + most;
  const curve = { name: `${viewers} stalled`, color, points, limit, marks };
  return { found: figuresOf(viewers, [one, two], rest), curve };
}

function figuresOf(viewers: number, [one, two]: readonly [Round, Round], rest: number): Figure[] {
  const who = `${viewers} stalled`;
  const p99 = quantile([...one.deliveries, ...two.deliveries], 0.99);
  const baseline = withUnit(one.before, "MB");
  return [
    judged(`${who}: growth to the peak`, {
      ...{ value: one.peak - one.before, most: viewers * cap + 50, unit: "MB", baseline },
    }),
    judged(`${who}: more than before, ${rest / 1000} s later`, {
      ...{ value: one.after - one.before, most: 25, unit: "MB", baseline },
    }),
    judged(`${who}: a second round's peak, times the first's`, {
      ...{ value: two.peak / one.peak, most: 1.05, unit: "×", baseline: withUnit(one.peak, "MB") },
    }),
    judged(`${who}: delivery to readers, p99`, { value: p99, most: 250, unit: "ms" }),
  ];
}

interface Talk {
  readonly daemon: DaemonServer;
  /** Has an answer of so many pieces said; milliseconds until all readers had each. */
  turn(pieces: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

async function openTalk(bench: BenchContext["package"]): Promise<Talk> {
  let asked = 0;
  let sent: number[] = [];
  const model: ModelServer = await startModelServer(async (speaker) => {
    const piece = "x".repeat(pieceBytes);
    const began = performance.now();
    for (let said = 0; said < asked; said++) {
      const wait = began + said * pace - performance.now();
      if (wait > 1) await sleep(wait);
      sent[said] = performance.now();
      speaker.say(piece);
      await speaker.room();
    }
    speaker.end();
  });
  const daemon = await startDaemon(bench, { environment: model.environment });
  const client = dial(daemon.socket);
  const readers = Array.from({ length: fastReaders }, () => openReader(daemon.socket));
  return {
    daemon,
    async turn(pieces) {
      asked = pieces;
      sent = [];
      const session = await newSession(client, model.model, daemon.home);
      const seen = readers.map((reader) => reader.read());
      await Promise.all(readers.map((reader, i) => reader.turnOver(i === 0 ? session : undefined)));
      return sent.map((at, piece) => {
        const times = seen.map((of) => of[piece] ?? Number.NaN);
        if (times.some(Number.isNaN)) throw new Error(`piece ${piece} was not told to all`);
        return Math.max(...times) - at;
      });
    },
    async close() {
      for (const reader of readers) reader.leave();
      client.close();
      await daemon.stop();
      model.close();
    },
  };
}

/** A viewer that notes when it had each piece of the running answer. */
function openReader(path: string) {
  let times: number[] = [];
  let bytes = 0;
  let over = Promise.withResolvers<void>();
  const viewer = openViewer(dial(path), ({ deltas, events }) => {
    const now = performance.now();
    const take = (upTo: number) => {
      bytes = upTo;
      while ((times.length + 1) * pieceBytes <= bytes) times.push(now);
    };
    for (const { piece } of deltas) if (piece.case === "text") take(bytes + piece.value.length);
    for (const { body } of events) {
      if (body.case === "messageCompleted") take(textBytes(body.value.message?.parts ?? []));
      if (body.case === "turnFinished") over.resolve();
    }
  });
  return {
    /** The times of the answer that comes next, filled as it comes. */
    read() {
      times = [];
      bytes = 0;
      over = Promise.withResolvers();
      return times;
    },
    /** Resolves when the turn is over; prompts a session where it is given one. */
    async turnOver(session: string | undefined) {
      if (session !== undefined) await viewer.turn(session, "speak");
      await over.promise;
    },
    leave: () => viewer.leave(),
  };
}

type Parts = readonly {
  readonly kind: { readonly case?: string | undefined; readonly value?: unknown };
}[];

function textBytes(parts: Parts): number {
  return parts.reduce(
    (sum, { kind }) => sum + (kind.case === "text" ? String(kind.value).length : 0),
    0,
  );
}
