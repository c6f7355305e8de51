import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "@daphnia/protocol/event";
import { SessionService } from "@daphnia/protocol/session_service";
import { newSession, openViewer } from "../conversation.ts";
import { startModelServer } from "../model-server.ts";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { dial } from "../raw-client.ts";
import { startDaemon, temporaryFolder } from "../server-process.ts";

const steps = 100;
/** Lines of the file that each step reads. */
const lines = 40;

export const growingHistory: Question = {
  name: "growing history",
  asks: "How many bytes keep the exact requests of 100 steps over a growing history?",
  method: `One turn of ${steps} steps; each but the last reads a file of ${lines} lines. The manifests that the steps name, in bytes, beside the last request's body as it was sent. A count: one run is enough.`,
  notMeasured: "The events themselves, which say the same once more; SQLite's pages around them.",
  async answer({ package: bench }: BenchContext) {
    const folder = temporaryFolder();
    const root = join(folder, "root");
    mkdirSync(root);
    for (let step = 1; step < steps; step++) writeFileSync(join(root, `${step}.txt`), textOf(step));
    let step = 0;
    const model = await startModelServer((speaker) => {
      step++;
      speaker.say(`Step ${step}: I look into the next file.`);
      const call = { id: `call_${step}`, tool: "read", input: { path: `${step}.txt` } };
      speaker.end(step < steps ? call : undefined);
    });
    const daemon = await startDaemon(bench, { environment: model.environment });
    const client = dial(daemon.socket);
    const events: Event[] = [];
    const viewer = openViewer(client, (response) => events.push(...response.events));
    const session = await newSession(client, model.model, root);
    await viewer.turn(session, "Read everything.");
    const requests = events.flatMap(({ body, turnId }) =>
      body.case === "stepStarted" ? [{ turnId, size: Number(body.value.request?.size ?? 0) }] : [],
    );
    const last = await client.call(SessionService.method.getStepRequest, {
      sessionId: session,
      turnId: requests.at(-1)?.turnId ?? "",
      step: steps,
    });
    viewer.leave();
    client.close();
    await daemon.stop();
    model.close();
    rmSync(folder, { recursive: true });
    if (requests.length !== steps) throw new Error(`${requests.length} steps instead of ${steps}`);
    const stored = requests.reduce((sum, { size }) => sum + size, 0);
    const history = last.body.length;
    return [
      {
        name: `manifests of ${steps} requests`,
        value: withUnit(stored / 1024, "KiB"),
        baseline: withUnit(history / 1024, "KiB"),
      },
      judged("the same, times the last request", { value: stored / history, most: 1.2, unit: "×" }),
    ];
  },
};

function textOf(step: number): string {
  const line = (n: number) => `line ${n} of the file of step ${step}, with some words in it\n`;
  return Array.from({ length: lines }, (_, n) => line(n)).join("");
}
