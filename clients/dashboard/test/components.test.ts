import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { missingBrowser } from "../../sdk/src/testing/browser.ts";
import { type Dashboard, screenshotFolder, startDashboard } from "./dashboard.ts";

const calling = `
[[turn]]
  [[turn.step]]
  say = "May I?"
    [[turn.step.call]]
    tool = "sample__request_access"
    arguments = {}
  [[turn.step]]
  say = "I let it say that."
    [[turn.step.call]]
    tool = "sample__echo"
    arguments = { text = "hello from outside" }
  [[turn.step]]
  say = "It said: {{result.0}}"
`;
const sample = join(import.meta.dirname, "../../../server/test/components/sample.ts");

describe("the components' screen", { skip: missingBrowser() }, () => {
  let dashboard: Dashboard;
  let component: ChildProcess;

  before(async () => {
    dashboard = await startDashboard();
    component = run();
  });
  after(async () => {
    component.kill();
    await dashboard.close();
  });

  function run(): ChildProcess {
    const { home } = dashboard.daemon;
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DAPHNIA_HOME: home };
    return spawn(process.execPath, [sample, "sample", "run"], { env, stdio: "ignore" });
  }

  it("asks once whether a component is trusted, with all its tools", async () => {
    await dashboard.daemon.script("calling", calling);
    const page = await dashboard.open("/components");
    await page.getByRole("article", { name: "sample" }).getByText("up", { exact: true }).waitFor();
    const sessionId = await dashboard.session("calling");
    await dashboard.prompt(sessionId, "Say it again");
    await page.goto(`${dashboard.url}/approvals`);
    const card = page.locator("[data-approval]");
    await card.getByText("sample__hang").waitFor();
    await page.screenshot({ path: join(await screenshotFolder(), "trust-wide-light.png") });
    await card.getByRole("button", { name: "Trust it" }).click();
    await page.getByText("Nothing waits for you.").waitFor();
    await page.goto(`${dashboard.url}/sessions/${sessionId}/chat`);
    await page.locator(".turn-end").getByText("completed").waitFor();
    await page.getByRole("button", { name: /sample__echo/ }).click();
    await page.getByRole("link", { name: "sample", exact: true }).waitFor();
    await page.context().close();
  });

  it("tells at once how a component is, over its death and return", {
    timeout: 60_000,
  }, async () => {
    const page = await dashboard.open("/components");
    const row = page.getByRole("article", { name: "sample" });
    await row.getByText("up", { exact: true }).waitFor();
    await row.locator("[data-row]").click();
    await page.getByText("sample__echo").waitFor();
    await row.getByText("1.2.3").first().waitFor();
    assert.equal(await page.evaluate(() => location.search), "?name=sample");
    await page.screenshot({ path: join(await screenshotFolder(), "component-wide-light.png") });

    const gone = once(component, "exit");
    component.kill("SIGKILL");
    await gone;
    await row.getByText(/^(down|stale)$/).waitFor();
    await page.goto(`${dashboard.url}/`);
    await page.getByRole("link", { name: /sample/ }).waitFor();
    await page.goto(`${dashboard.url}/components`);
    component = run();
    await row.getByText("up", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Reconnect" }).click();
    await page.getByRole("button", { name: "Reconnect" }).and(page.locator(":enabled")).waitFor();
    await row.getByText("up", { exact: true }).waitFor();
    await page.context().close();
  });
});
