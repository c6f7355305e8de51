import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { newSession, openViewer } from "../conversation.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { dial } from "../raw-client.ts";
import { startDaemon } from "../server-process.ts";
import { median } from "../statistics.ts";

const rest = 1500;
const pieces = 40;
const turnsOfSession = 10;

export const memoryAfterTurns: Question = {
  name: "memory after turns",
  asks: "How much memory does a daemon hold after 100 turns, and after 1 000 more?",
  method: `One provider's package is loaded and answers from loopback, ${pieces} pieces of text a turn; ${turnsOfSession} turns a session, one after the other, one viewer who sees all. VmRSS ${rest} ms after the last turn; 3 daemons, medians.`,
  notMeasured:
    "One session that grows for ever, whose history the next request needs whole; several turns at a time; other providers.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const model = await startModelServer(async (speaker) => {
      for (let said = 0; said < pieces; said++) {
        speaker.say("a few words of an answer ");
        if (said % 8 === 7) await setImmediate();
      }
      speaker.end();
    });
    const later = isQuick ? 100 : 1000;
    const runs: Sizes[] = [];
    for (let run = 0; run < (isQuick ? 1 : 3); run++) runs.push(await measure(bench, model, later));
    model.close();
    const idle = median(runs.map((sizes) => sizes.idle));
    const warm = median(runs.map((sizes) => sizes.warm));
    const grown = median(runs.map((sizes) => sizes.last - sizes.warm));
    const baseline = withUnit(idle, "MB");
    return [
      { name: "RSS after 100 turns", value: withUnit(warm, "MB"), baseline },
      judged("the same, times the idle daemon", {
        value: median(runs.map((sizes) => sizes.warm / sizes.idle)),
        most: 2,
        unit: "×",
      }),
      judged(`growth over the next ${later} turns`, { value: grown, most: 2, unit: "MB" }),
    ];
  },
};

interface Sizes {
  readonly idle: number;
  readonly warm: number;
  readonly last: number;
}

async function measure(
  bench: BenchContext["package"],
  model: ModelServer,
  later: number,
): Promise<Sizes> {
  const { environment } = model;
  const daemon = await startDaemon(bench, { environment });
  const client = dial(daemon.socket);
  const viewer = openViewer(client);
  const take = async (turns: number): Promise<number> => {
    for (let begun = 0; begun < turns; begun += turnsOfSession) {
      const session = await newSession(client, model.model, daemon.home);
      for (let turn = 0; turn < turnsOfSession; turn++) await viewer.turn(session, "go on");
    }
    await sleep(rest);
    return daemon.resident();
  };
  const idle = await take(0);
  const warm = await take(100);
  const last = await take(later);
  viewer.leave();
  client.close();
  await daemon.stop();
  return { idle, warm, last };
}
