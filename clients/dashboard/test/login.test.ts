import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { missingBrowser } from "../../sdk/src/testing/browser.ts";
import { type Dashboard, startDashboard } from "./dashboard.ts";

describe("the way in", { skip: missingBrowser() }, () => {
  let dashboard: Dashboard;
  before(async () => {
    dashboard = await startDashboard();
  });
  after(() => dashboard.close());

  it("tells a stranger how to get in, and nothing else", async () => {
    const context = await dashboard.browser.newContext();
    const page = await context.newPage();
    await page.goto(`${dashboard.url}/sessions`);
    await page.getByText("daphnia dashboard").waitFor();
    assert.equal(await page.locator("nav").count(), 0);
    await context.close();
  });

  it("takes a code once, keeps it out of the address, and lets all tabs go together", async () => {
    const { urls } = await dashboard.daemon.client.daemon.createLoginCode({});
    const first = await dashboard.browser.newContext();
    const page = await first.newPage();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(urls[0] ?? "");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    assert.equal(page.url(), `${dashboard.url}/`);
    const code = new URL(urls[0] ?? "").hash.slice("#code=".length);
    assert.deepEqual(
      asked.filter((url) => url.split("#")[0]?.includes(code)),
      [],
    );
    assert.equal(await page.evaluate(() => document.cookie), "");
    await page.goto(`${dashboard.url}/config`);
    const tab = await first.newPage();
    await tab.goto(`${dashboard.url}/sessions`);
    await tab.getByRole("heading", { name: "Sessions" }).waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("does not know you").waitFor();
    await tab.getByText("does not know you").waitFor();
    await first.close();

    const second = await dashboard.browser.newContext();
    const other = await second.newPage();
    await other.goto(urls[0] ?? "");
    await other.getByText("That code was used already").waitFor();
    await second.close();
  });
});
