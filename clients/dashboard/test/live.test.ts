import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ApprovalChoice } from "@daphnia/protocol/approval";
import { missingBrowser } from "../../sdk/src/testing/browser.ts";
import { type Dashboard, type Page, startDashboard } from "./dashboard.ts";
import { asking, busy, hostile, slow } from "./scripts.ts";

describe("the page while things happen", { skip: missingBrowser() }, () => {
  let dashboard: Dashboard;

  before(async () => {
    dashboard = await startDashboard();
    const scripts = Object.entries({ busy, asking, hostile, slow });
    await Promise.all(scripts.map(([name, script]) => dashboard.daemon.script(name, script)));
  });
  after(() => dashboard.close());

  const liveMark = (page: Page) => page.locator(".live");

  it("shows what is written as it is written, and says how much is new to who reads back", async () => {
    const sessionId = await dashboard.session("slow");
    const page = await dashboard.open(`/sessions/${sessionId}/chat`);
    await page.getByRole("textbox", { name: "Prompt" }).fill("Write at length");
    await page.keyboard.press("Enter");
    await page.getByText("writing", { exact: true }).waitFor();
    await page.waitForFunction(() => {
      const box = document.querySelector(".chat .scroll");
      return box !== null && box.scrollHeight > box.clientHeight + 300;
    });
    await page.locator(".chat .scroll").evaluate((box) => box.scrollTo({ top: 0 }));
    await page.locator(".new-pill").waitFor();
    await page.getByText(/^\d+ new/).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".new-pill").click();
    await page.locator(".turn-end").getByText("completed").waitFor();
    await page.locator(".new-pill").waitFor({ state: "detached" });
    const events = await dashboard.events(sessionId);
    const said = events.findLast((one) => one.body.case === "messageCompleted")?.body;
    assert.ok(said?.case === "messageCompleted");
    const [part] = said.value.message?.parts ?? [];
    const shown = await page.locator("article[aria-label='Message'] .rich").innerText();
    assert.equal(shown.trim(), String(part?.kind.value).trim());
    await page.context().close();
  });

  it("shares one watch between two tabs", async () => {
    const sessionId = await dashboard.session("busy");
    const page = await dashboard.open(`/sessions/${sessionId}/chat`);
    const other = await page.context().newPage();
    await other.goto(`${dashboard.url}/sessions/${sessionId}/raw`);
    await dashboard.prompt(sessionId, "Look around");
    await page.locator(".turn-end").getByText("completed").waitFor();
    await other.getByText("turn_finished").waitFor();
    // A stream that was left is counted until the daemon notices.
    const watches = async () => (await dashboard.daemon.client.daemon.getInfo({})).openWatches;
    const deadline = Date.now() + 10_000;
    while ((await watches()) > 1 && Date.now() < deadline) await pause(50);
    assert.equal(await watches(), 1);
    await page.context().close();
  });

  it("lists exactly what the log holds after each of ten kills", { timeout: 120_000 }, async () => {
    const sessionId = await dashboard.session("busy");
    const page = await dashboard.open(`/sessions/${sessionId}/raw`);
    await page.getByText(/^\d+ events?$/).waitFor();
    for (let kill = 0; kill < 10; kill++) {
      await dashboard.prompt(sessionId, `Prompt ${kill}`);
      await dashboard.daemon.kill();
      await liveMark(page).getByText("reconnecting").waitFor();
      await dashboard.daemon.start();
      await liveMark(page).getByText("live", { exact: true }).waitFor();
      await settle(sessionId);
      const wanted = (await dashboard.events(sessionId)).map(
        ({ seq, body }) => `${seq} ${nameOf(body.case)}`,
      );
      await page.getByText(`${wanted.length} events`, { exact: true }).waitFor();
      assert.deepEqual(await listed(page, wanted.length), wanted, `after kill ${kill + 1}`);
    }
    await page.context().close();
  });

  /** Waits until nothing runs in a session. */
  async function settle(sessionId: string): Promise<void> {
    const { client } = dashboard.daemon;
    for await (const _ of client.watch({
      selector: { sessions: [sessionId] },
      after: "beginning",
      noDeltas: true,
    })) {
      const { session } = await client.sessions.getSession({ sessionId });
      if (session?.turnId === "" && session.queue.length === 0) return;
    }
  }

  /** The rows of a virtual list, gathered as it is scrolled through. */
  async function listed(page: Page, count: number): Promise<string[]> {
    const found = new Map<number, string>();
    const box = page.locator(".raw-list");
    for (let seq = 1; seq <= count; seq++) {
      if (found.has(seq)) continue;
      await box.evaluate((element, top) => element.scrollTo({ top }), (seq - 1) * 28);
      await page
        .locator(`[data-seq="${seq}"] .raw-name`)
        .filter({ hasText: /^[a-z_]+$/ })
        .waitFor();
      const shown = await page
        .locator("[data-seq]")
        .evaluateAll((rows) =>
          rows.map(
            (row) =>
              [row.getAttribute("data-seq"), row.querySelector(".raw-name")?.textContent] as const,
          ),
        );
      for (const [place, name] of shown) {
        if (name !== "…") found.set(Number(place), `${place} ${name}`);
      }
    }
    return [...found].sort(([a], [b]) => a - b).map(([, text]) => text);
  }

  it("tells who was first when two answer an approval", async () => {
    const sessionId = await dashboard.session("asking", undefined, "restrictive");
    await dashboard.prompt(sessionId, "Note it");
    const page = await dashboard.open("/approvals");
    const deny = page.getByRole("button", { name: "Deny" });
    await deny.waitFor();
    const { approvals } = await dashboard.daemon.client.approvals.listApprovals({});
    // The page's answer is held back until the other's is on record.
    await page.route("**/ResolveApproval", async (route) => {
      await dashboard.daemon.client.approvals.resolveApproval({
        approvalId: approvals[0]?.id ?? "",
        choice: ApprovalChoice.ALLOW_ONCE,
      });
      await route.continue();
    });
    await page.getByLabel("Why it is denied, for the model").fill("not now");
    const lost = page.waitForResponse(/ResolveApproval/);
    await deny.click();
    assert.notEqual((await lost).status(), 200);
    await page.getByText("Nothing waits for you.").waitFor();
    await page.getByText("allowed once by owner").waitFor();
    await page.context().close();
  });

  it("answers an approval by keys alone, and the session goes on", async () => {
    const sessionId = await dashboard.session("asking", undefined, "restrictive");
    await dashboard.prompt(sessionId, "Note it");
    const page = await dashboard.open("/");
    await page.locator(".nav .count").waitFor();
    await page.keyboard.press("a");
    await page.locator("[data-approval]").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("a");
    await page.getByText("Nothing waits for you.").waitFor();
    await page.goto(`${dashboard.url}/sessions/${sessionId}/chat`);
    await page.locator(".turn-end").getByText("completed").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "hidden" });
    await page.keyboard.press("t");
    await page.waitForURL(/\/timeline$/);
    await page.keyboard.press("r");
    await page.waitForURL(/\/raw$/);
    await page.getByRole("searchbox").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("write");
    await page.waitForURL(/q=write/);
    await page.context().close();
  });

  it("queues, steers, takes back and cancels", async () => {
    const sessionId = await dashboard.session("slow");
    await dashboard.prompt(sessionId, "Write at length");
    const page = await dashboard.open(`/sessions/${sessionId}/chat`);
    const waiting = page.getByRole("list", { name: "Prompts that wait" });
    const say = async (text: string, how: string) => {
      await page.getByRole("button", { name: how, exact: true }).click();
      await page.getByRole("textbox", { name: "Prompt" }).fill(text);
      await page.keyboard.press("Enter");
      await waiting.getByText(text).waitFor();
    };
    await say("later", "Queue");
    await say("last", "Queue");
    await say("at once", "Steer");
    await waiting.getByRole("listitem").filter({ hasText: "last" }).getByText("Earlier").click();
    await page.waitForFunction(() =>
      /at once[\s\S]*last[\s\S]*later/.test(document.querySelector(".queue")?.textContent ?? ""),
    );
    for (const text of ["last", "later"]) {
      await waiting.getByRole("listitem").filter({ hasText: text }).getByText("Withdraw").click();
      await waiting.getByText(text).waitFor({ state: "detached" });
    }
    await waiting
      .getByRole("listitem")
      .filter({ hasText: "at once" })
      .getByText("Withdraw")
      .click();
    await waiting.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator(".turn-end").getByText("canceled").waitFor();
    const names = (await dashboard.events(sessionId)).map(({ body }) => body.case);
    assert.deepEqual(
      ["promptAccepted", "promptMoved", "promptWithdrawn"].map(
        (name) => names.filter((one) => one === name).length,
      ),
      [4, 1, 3],
    );
    await page.context().close();
  });

  it("shows hostile text as text, and runs none of it", async () => {
    const sessionId = await dashboard.session(
      "hostile",
      "<img src=x onerror=\"globalThis.hacked='prompt'\">",
    );
    const page = await dashboard.open(`/sessions/${sessionId}/chat`);
    await page.locator(".turn-end").first().waitFor();
    for (const path of ["chat", "timeline", "raw?seq=6", "replay"]) {
      await page.goto(`${dashboard.url}/sessions/${sessionId}/${path}`);
      await page
        .locator("main")
        .getByText(/hacked/)
        .first()
        .waitFor();
      assert.equal(await page.evaluate(() => Reflect.get(globalThis, "hacked")), undefined, path);
      assert.equal(await page.locator("main script, main img, main b").count(), 0, path);
      const links = await page
        .locator("main a")
        .evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""));
      const foreign = links.filter((link) => !link.startsWith("/"));
      assert.deepEqual(
        foreign.filter((link) => !/^https:\/\/(ok|evil)\.example\//.test(link)),
        [],
        path,
      );
    }
    await page.context().close();
  });
});

/** `toolCallStarted` as the page names it. */
function nameOf(body: string | undefined): string {
  return (body ?? "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
