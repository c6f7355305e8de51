import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newSession } from "../conversation.ts";
import { homeOf } from "../large-home.ts";
import { type BenchContext, type Figure, type Question, withUnit } from "../question.ts";
import { dial } from "../raw-client.ts";
import { startDaemon, temporaryFolder } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

const few = 100;
const many = 10_000;
const eventsOfSession = 12;
const rest = 1500;

export const idleSessions: Question = {
  name: "idle sessions",
  asks: "How much memory does an idle daemon hold for its sessions?",
  method: `VmRSS ${rest} ms after the first answer of a daemon whose home has 0, ${few} or ${many} sessions of ${eventsOfSession} events, each run a new process with a copy of the home; and ${rest} ms after as many were created in a daemon one after the other, whose garbage is in the figure. Baseline: no sessions.`,
  notMeasured: "Sessions whose turn waits for something, which are opened at start.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const folder = temporaryFolder();
    const resting = (sessions: number) => async () => {
      const home = join(folder, `home-${sessions}`);
      if (sessions > 0) {
        cpSync(await homeOf(`sessions-${sessions}`, sessions, eventsOfSession), home, {
          recursive: true,
        });
      }
      const daemon = await startDaemon(bench, { home });
      await sleep(rest);
      const size = daemon.resident();
      await daemon.stop();
      rmSync(home, { recursive: true });
      return size;
    };
    const creating = (sessions: number) => async () => {
      const daemon = await startDaemon(bench);
      const client = dial(daemon.socket);
      for (let i = 0; i < sessions; i++) {
        await newSession(client, "scripted/demo", daemon.home);
      }
      await sleep(rest);
      const size = daemon.resident();
      client.close();
      await daemon.stop();
      return size;
    };
    const found = await interleave(isQuick ? 1 : 3, {
      none: resting(0),
      few: resting(few),
      many: resting(many),
      createdFew: creating(few),
      createdMany: creating(isQuick ? few : many),
    });
    rmSync(folder, { recursive: true });
    const baseline = withUnit(median(found.none), "MB");
    const line = (name: string, sizes: readonly number[]): Figure => ({
      name: `idle RSS, ${name}`,
      value: withUnit(median(sizes), "MB"),
      baseline,
    });
    return [
      line("no sessions", found.none),
      line(`${few} sessions`, found.few),
      line(`${many} sessions`, found.many),
      line(`${few} sessions just created`, found.createdFew),
      line(`${isQuick ? few : many} sessions just created`, found.createdMany),
    ];
  },
};
