import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { missingBrowser } from "../../sdk/src/testing/browser.ts";
import { buildPage, built } from "./build-page.ts";
import { type Dashboard, type Page, startDashboard } from "./dashboard.ts";
import { writeLongSession } from "./long-session.ts";
import { asking, busy, slow } from "./scripts.ts";

describe("the built page", () => {
  before(buildPage);

  it("loads first with less than 250 kB gzipped, and with all its screens too", async (t) => {
    const names = (await readdir(built, { recursive: true })).filter((name) =>
      /\.(js|css|html)$/.test(name),
    );
    const index = await readFile(join(built, "index.html"), "utf8");
    const sizes = await Promise.all(
      names.map(async (name) => ({
        name,
        size: gzipSync(await readFile(join(built, name))).length,
      })),
    );
    const sum = (of: typeof sizes) => of.reduce((all, { size }) => all + size, 0);
    const first = sum(
      sizes.filter(
        ({ name }) => name === "index.html" || name.includes("worker-") || index.includes(name),
      ),
    );
    t.diagnostic(`first load: ${first} bytes, worker included; all screens: ${sum(sizes)} bytes`);
    assert.ok(first < 250_000, `${first} bytes`);
  });

  it("has nothing inline that its policy forbids, and asks nobody else for anything", async () => {
    const index = await readFile(join(built, "index.html"), "utf8");
    assert.doesNotMatch(index, /<style|style=|<script(?![^>]*src=)|https?:/);
  });
});

const long = "long-session";
const count = 100_000;

describe("the page by its promises", { skip: missingBrowser() }, () => {
  let dashboard: Dashboard;
  let done = "";

  before(async () => {
    dashboard = await startDashboard({ fill: (home) => writeLongSession(home, long, count) });
    await dashboard.daemon.script("busy", busy);
    await dashboard.daemon.script("asking", asking);
    await dashboard.daemon.script("slow", slow);
    done = await dashboard.session("busy", "Look around");
    const waiting = await dashboard.session("asking", undefined, "restrictive");
    await dashboard.prompt(waiting, "Note it");
  });
  after(() => dashboard.close());

  it("has no fault that axe finds, in either colour", { timeout: 120_000 }, async () => {
    const axe = await readFile(
      createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
      "utf8",
    );
    const turnId = (await dashboard.events(done)).at(-1)?.turnId;
    const paths = [
      ...["/", "/sessions", "/approvals", "/components", "/config"],
      ...["chat", "timeline", "raw?seq=3", "replay"].map((view) => `/sessions/${done}/${view}`),
      `/sessions/${done}/turns/${turnId}/steps/2`,
    ];
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await dashboard.open("/", {
        colorScheme,
        reducedMotion: "reduce",
        bypassCSP: true,
      });
      for (const path of paths) {
        await page.goto(`${dashboard.url}${path}`);
        await page.locator("main h1").waitFor();
        await page.locator("[aria-busy]").waitFor({ state: "detached" });
        await page.evaluate(axe);
        assert.deepEqual(await faultsOf(page), [], `${path} in ${colorScheme}`);
      }
      await page.context().close();
    }
  });

  it("opens 100 000 events in under a second, and keeps few of them", {
    timeout: 120_000,
  }, async (t) => {
    const page = await dashboard.open("/");
    await page.locator("main h1").waitFor();
    const started = performance.now();
    await page.goto(`${dashboard.url}/sessions/${long}/chat`);
    await page.getByText(`Prompt ${count / 10}: look at file`).waitFor();
    const chat = performance.now() - started;
    const again = performance.now();
    await page.goto(`${dashboard.url}/sessions/${long}/raw?seq=50000`);
    await page
      .locator('[data-seq="50000"] .raw-name')
      .filter({ hasText: /^[a-z_]+$/ })
      .waitFor();
    const raw = performance.now() - again;
    const frames = await scrollThrough(page);
    const heap = await heapOf(page);
    t.diagnostic(
      `chat after ${Math.round(chat)} ms, the middle of raw after ${Math.round(raw)} ms`,
    );
    t.diagnostic(`frames while scrolling: p95 ${frames} ms; heap ${(heap / 1e6).toFixed(1)} MB`);
    assert.ok(chat < 1000 && raw < 1000, `${chat} and ${raw} ms`);
    assert.ok(heap < 150e6, `${heap} bytes`);
    await page.context().close();
  });

  it("opens at the event that its address names, and finds the way to the end", async (t) => {
    const page = await dashboard.open(`/sessions/${long}/chat?seq=50004`);
    await page.locator("[data-target]").getByText("Prompt 5001: look at file").waitFor();
    const pill = page.getByRole("button", { name: "To the newest" });
    await pill.click();
    await page.getByText(`Prompt ${count / 10}: look at file`).waitFor();
    const started = performance.now();
    await page.goto(`${dashboard.url}/sessions/${long}/turns/turn-5001/steps/1?at=50006`);
    await page.getByText("I read file 5001.").waitFor();
    t.diagnostic(`a step of its middle after ${Math.round(performance.now() - started)} ms`);
    await page.goto(`${dashboard.url}/sessions/${long}/replay?seq=50004`);
    await page.locator(".player-now").getByText("#50004").waitFor();
    await page.keyboard.press("l");
    await page.waitForURL(/seq=50005$/);
    await page.keyboard.press("h");
    await page.keyboard.press("h");
    await page.waitForURL(/seq=50003$/);
    await page.keyboard.press("3");
    await page.waitForURL(/seq=50601$/);
    await page.context().close();
  });

  it("finds every event of a family among 100 000", { timeout: 120_000 }, async (t) => {
    const page = await dashboard.open(`/sessions/${long}/raw?family=turn`);
    const started = performance.now();
    await page
      .getByText(`${(count / 5).toLocaleString("en")} of ${count.toLocaleString("en")}`, {
        exact: true,
      })
      .waitFor({ timeout: 60_000 });
    t.diagnostic(
      `after ${Math.round(performance.now() - started)} ms; heap ${((await heapOf(page)) / 1e6).toFixed(1)} MB`,
    );
    assert.ok((await heapOf(page)) < 150e6);
    await page.context().close();
  });

  it("reads back through a long conversation and forgets what is far", {
    timeout: 120_000,
  }, async (t) => {
    const page = await dashboard.open(`/sessions/${long}/chat`);
    await page.getByText(`Prompt ${count / 10}: look at file`).waitFor();
    const box = page.locator(".chat .scroll");
    for (let round = 0; round < 120; round++) {
      await box.evaluate((element) => element.scrollTo({ top: 0 }));
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    t.diagnostic(`heap ${((await heapOf(page)) / 1e6).toFixed(1)} MB`);
    assert.ok((await heapOf(page)) < 150e6);
    await page.locator(".new-pill").click();
    await page.getByText(`Prompt ${count / 10}: look at file`).waitFor();
    await page.context().close();
  });

  it("paints what was committed at once", { timeout: 120_000 }, async (t) => {
    const sessionId = await dashboard.session("busy");
    const page = await dashboard.open(`/sessions/${sessionId}/raw`);
    await page.getByText(/^\d+ events?$/).waitFor();
    await page.evaluate(notePaints);
    const { client } = dashboard.daemon;
    for (let change = 0; change < 60; change++) {
      await client.sessions.updateSession({
        session: { id: sessionId, title: `title ${change}` },
        updateMask: { paths: ["title"] },
      });
      await page.getByText(`title ${change}`, { exact: true }).first().waitFor();
    }
    // What `notePaints` keeps: the last of them has been painted, too.
    await page.waitForFunction(() =>
      (Reflect.get(globalThis, "painted") as [string, number][]).some(
        ([title]) => title === "title 59",
      ),
    );
    const painted = new Map(
      // What `notePaints` keeps.
      await page.evaluate(() => Reflect.get(globalThis, "painted") as [string, number][]),
    );
    const delays = (await dashboard.events(sessionId)).flatMap(({ body, time }) => {
      const then = body.case === "sessionUpdated" ? painted.get(body.value.title ?? "") : undefined;
      return then === undefined || time === undefined ? [] : [then - timestampMs(time)];
    });
    delays.sort((a, b) => a - b);
    const p95 = delays[Math.floor(delays.length * 0.95)] ?? Number.POSITIVE_INFINITY;
    t.diagnostic(
      `p50 ${delays[Math.floor(delays.length / 2)]} ms, p95 ${p95} ms of ${delays.length}`,
    );
    assert.ok(delays.length > 50, `${delays.length} were seen`);
    assert.ok(p95 < 150, `p95 ${p95} ms`); // alone it is 20 ms; other tests run beside
    await page.context().close();
  });

  it("stays smooth and small while twenty sessions stream", { timeout: 120_000 }, async (t) => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => dashboard.session("slow")));
    const page = await dashboard.open(`/sessions/${ids[0]}/chat`);
    await Promise.all(ids.map((id) => dashboard.prompt(id, "Write at length")));
    await page.locator("article[aria-label='Being written']").waitFor();
    const before = await heapOf(page);
    const frames = await page.evaluate(async () => {
      const times: number[] = [];
      let last = performance.now();
      for (let frame = 0; frame < 240; frame++) {
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - last);
        last = performance.now();
      }
      return times.sort((a, b) => a - b);
    });
    await page.locator(".turn-end").getByText("completed").waitFor({ timeout: 60_000 });
    const grown = (await heapOf(page)) - before;
    const at = (share: number) => Math.round(frames[Math.floor(frames.length * share)] ?? 0);
    t.diagnostic(
      `frames: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms; heap grew by ${(grown / 1e6).toFixed(1)} MB`,
    );
    assert.ok(at(0.5) < 100, `p50 ${at(0.5)} ms`);
    assert.ok(grown < 20e6, `${grown} bytes`);
    await page.context().close();
  });
});

/** Notes when each title was first seen in a row, after the frame that shows it. */
function notePaints(): void {
  const seen = new Map<string, number>();
  Object.assign(globalThis, { painted: [] });
  const look = () => {
    for (const row of document.querySelectorAll(".raw-text")) {
      const title = /^title \d+$/.exec(row.textContent ?? "")?.[0];
      if (title === undefined || seen.has(title)) continue;
      seen.set(title, 0);
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () =>
          Reflect.get(globalThis, "painted").push([title, Date.now()]);
        channel.port2.postMessage(null);
      });
    }
  };
  new MutationObserver(look).observe(document.body, {
    childList: true,
    subtree: true,
    characterData: true,
  });
}

async function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    // What the script that was run just now leaves behind.
    const { axe } = globalThis as unknown as {
      axe: {
        run: () => Promise<{
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 240)}`),
    );
  });
}

/** Bytes that are left after what is garbage is gone. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize;
}

/** The time between frames, at worst of 95 in 100, while the list is scrolled. */
async function scrollThrough(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const box = document.querySelector(".raw-list");
    const times: number[] = [];
    let last = performance.now();
    for (let frame = 0; frame < 90; frame++) {
      box?.scrollBy({ top: 84 });
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - last);
      last = performance.now();
    }
    times.sort((a, b) => a - b);
    return Math.round(times[Math.floor(times.length * 0.95)] ?? 0);
  });
}
