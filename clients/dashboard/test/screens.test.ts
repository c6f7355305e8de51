import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { missingBrowser } from "../../sdk/src/testing/browser.ts";
import { type Dashboard, type Page, screenshotFolder, startDashboard } from "./dashboard.ts";
import { asking, busy, failing } from "./scripts.ts";

const wide = { width: 1280, height: 800 };
const narrow = { width: 390, height: 844 };

describe("the screens", { skip: missingBrowser() }, () => {
  let dashboard: Dashboard;
  let folder = "";
  let done = "";
  let failed = "";
  let waiting = "";
  let turnId = "";

  before(async () => {
    dashboard = await startDashboard();
    folder = await screenshotFolder();
    const { daemon } = dashboard;
    await Promise.all([
      daemon.script("busy", busy),
      daemon.script("failing", failing),
      daemon.script("asking", asking),
      writeFile(join(daemon.folder, "report.md"), "# Report\n"),
    ]);
    done = await dashboard.session("busy", "What is in this folder, and what is new in it?");
    await dashboard.ask(done, "And since yesterday?");
    failed = await dashboard.session("failing", "Translate the report into French");
    waiting = await dashboard.session("asking", undefined, "restrictive");
    await dashboard.prompt(waiting, "Note down what we said");
    const finished = (await dashboard.events(done)).findLast(
      (one) => one.body.case === "turnFinished",
    );
    turnId = finished?.turnId ?? "";
  });
  after(() => dashboard.close());

  /** What a person looks at to say that a screen is there, by its path. */
  const screens = (): Readonly<Record<string, readonly [path: string, shows: RegExp]>> => ({
    overview: ["/", /Note down what we said/],
    sessions: ["/sessions", /Translate the report/],
    chat: [`/sessions/${done}`, /Here is what I found/],
    failed: [`/sessions/${failed}`, /refused the key/],
    asking: [`/sessions/${waiting}`, /Allow once/],
    waits: [`/sessions/${waiting}/timeline`, /slowest|waits|waiting/],
    timeline: [`/sessions/${done}/timeline`, /first token/],
    raw: [`/sessions/${done}/raw?seq=8`, /Copy as curl/],
    replay: [`/sessions/${done}/replay`, /10×/],
    step: [`/sessions/${done}/turns/${turnId}/steps/2`, /What is new since step 1/],
    approvals: ["/approvals", /Allow once/],
    components: ["/components", /Components/],
    config: ["/config", /limits\./],
  });

  async function shoot(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }

  it("shows each of them wide and narrow, light and dark", { timeout: 240_000 }, async (t) => {
    t.diagnostic(`screenshots: ${folder}`);
    for (const [size, viewport] of Object.entries({ wide, narrow })) {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await dashboard.open("/", { viewport, colorScheme, reducedMotion: "reduce" });
        for (const [name, [path, shows]] of Object.entries(screens())) {
          await page.goto(`${dashboard.url}${path}`);
          await page.locator("main").getByText(shows).first().waitFor();
          await page.locator("[aria-busy]").waitFor({ state: "detached" });
          await page.evaluate(() => new Promise(requestAnimationFrame));
          const sideways = await page.evaluate(
            () => document.documentElement.scrollWidth - innerWidth,
          );
          assert.ok(sideways <= 0, `${name} is ${sideways} pixels too wide at ${viewport.width}`);
          await shoot(page, `${name}-${size}-${colorScheme}`);
        }
        await page.goto(`${dashboard.url}/sessions`);
        await page.getByRole("button", { name: "New session" }).click();
        await page
          .getByRole("dialog", { name: "New session" })
          .getByLabel("First prompt")
          .waitFor();
        await shoot(page, `new-session-${size}-${colorScheme}`);
        await page.keyboard.press("Escape");
        await page.keyboard.press("?");
        await page.getByRole("dialog", { name: "Keys" }).waitFor();
        await shoot(page, `keys-${size}-${colorScheme}`);
        await page.context().close();
      }
    }
  });

  it("says in its form why a session cannot be begun", async () => {
    const page = await dashboard.open("/sessions");
    await page.getByRole("button", { name: "New session" }).click();
    const dialog = page.getByRole("dialog", { name: "New session" });
    await dialog.getByLabel("First prompt").fill("What can you do?");
    await dialog.getByRole("button", { name: "Begin" }).click();
    // Nobody gave a key.
    await dialog.getByRole("alert").waitFor();
    await page.context().close();
  });
});
