import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { openSqliteStore } from "../../plugins/sqlite/open-store.ts";
import { createTemporaryHome, noReports } from "../../plugins/sqlite/testing/temporary-home.ts";
import { createConvoys } from "./convoys.ts";
import type { Batch } from "./follower.ts";
import { everything } from "./selection.ts";
import { followAll } from "./testing/follower.ts";
import { createLogBench } from "./testing/log-bench.ts";

const sessions = 10_000;
const eventsOfEach = 10;
const quiet = { ...everything, sessions: ["quiet"] };

it("leaves a reader of one session asleep through 100 000 events of 10 000 others", async () => {
  const folder = createTemporaryHome();
  const store = openSqliteStore(folder.home, noReports).events;
  try {
    const bench = createLogBench(store);
    const convoys = createConvoys(bench);
    await bench.commit("quiet");
    const told: Batch[] = [];
    const news = Promise.withResolvers<void>();
    const stop = new AbortController();
    const tell = (batch: Batch) => {
      told.push(batch);
      if (batch.entries.some(({ seq }) => seq === 2)) news.resolve();
      return undefined;
    };
    const over = convoys.follow({ ...followAll, selection: quiet }, tell, stop.signal);
    const ended = assert.rejects(over, /stopped/);
    while (!told.some(({ synced }) => synced)) await tick();
    await tick(); // it rests once it has nothing more to say
    const before = { wakes: bench.wakes(), told: told.length };
    for (let i = 0; i < eventsOfEach; i++) {
      const commits = Array.from({ length: sessions }, (_, at) => bench.commit(`busy-${at}`));
      await Promise.all(commits);
    }
    assert.equal(bench.log.head(), 1 + sessions * eventsOfEach);
    assert.deepEqual({ wakes: bench.wakes(), told: told.length }, before);
    await bench.commit("quiet");
    await news.promise;
    assert.equal(bench.wakes(), before.wakes + 1);
    stop.abort(new Error("stopped"));
    await ended;
  } finally {
    await store.close();
    folder.remove();
  }
});
