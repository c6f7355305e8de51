import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@daphnia/protocol/event";
import { PartSchema } from "@daphnia/protocol/message";
import { type DaemonProcess, startDaemonProcess } from "../../../server/test/daemon-process.ts";
import { startBrowser } from "../../sdk/src/testing/browser.ts";
import { buildPage } from "./build-page.ts";

export type Browser = Awaited<ReturnType<typeof startBrowser>>;
export type Page = Awaited<ReturnType<Browser["newPage"]>>;
type ContextOptions = NonNullable<Parameters<Browser["newContext"]>[0]>;

/** A daemon with its page, and a browser that can open it. */
export interface Dashboard {
  readonly daemon: DaemonProcess;
  /** Its origin; it stays when the daemon is started anew. */
  readonly url: string;
  readonly browser: Browser;
  /** A page in a browser context of its own. What it complains about fails `close`. */
  open(path: string, options?: ContextOptions): Promise<Page>;
  /** A session of a scripted model. */
  session(script: string, text?: string, mode?: string): Promise<string>;
  /** Prompts, and waits for the turn's end. */
  ask(sessionId: string, text: string): Promise<void>;
  prompt(sessionId: string, text: string): Promise<string>;
  events(sessionId: string): Promise<Event[]>;
  /** Throws what pages said went wrong. */
  close(): Promise<void>;
}

export interface DashboardOptions {
  /** Writes into the home before the page is opened, while no daemon serves it. */
  readonly fill?: (home: string) => Promise<void>;
}

export async function startDashboard({ fill }: DashboardOptions = {}): Promise<Dashboard> {
  await buildPage();
  const port = await freePort();
  const environment = { DAPHNIA_TCP_PORT: String(port) };
  const daemon = await startDaemonProcess({ environment });
  if (fill !== undefined) {
    await daemon.stop();
    await fill(daemon.home);
    await daemon.start();
  }
  const url = `http://127.0.0.1:${port}`;
  const browser = await startBrowser();
  const complaints: string[] = [];
  const { client } = daemon;

  async function prompt(sessionId: string, text: string): Promise<string> {
    const parts = [create(PartSchema, { kind: { case: "text", value: text } })];
    return (await client.sessions.prompt({ sessionId, parts })).turnId;
  }

  async function ask(sessionId: string, text: string): Promise<void> {
    const turnId = await prompt(sessionId, text);
    const watch = client.watch({ selector: { sessions: [sessionId] }, after: "beginning" });
    for await (const { events } of watch) {
      if (events.some((one) => one.turnId === turnId && one.body.case === "turnFinished")) return;
    }
  }

  return {
    daemon,
    url,
    browser,
    async open(path, context = {}) {
      const own = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
      const page = await own.newPage();
      page.setDefaultTimeout(15_000);
      page.on("pageerror", (error) => complaints.push(String(error.stack)));
      page.on("console", (message) => {
        const text = message.text();
        // A daemon that is killed is not answering; the page says so itself.
        if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(text)) {
          complaints.push(text);
        }
      });
      const code = await client.daemon.createLoginCode({});
      await page.goto(code.urls[0] ?? "");
      await page.locator("nav").waitFor();
      await page.goto(`${url}${path}`);
      return page;
    },
    async session(script, text, mode = "") {
      const roots = [daemon.folder];
      const { session } = await client.sessions.createSession({
        roots,
        mode,
        model: `scripted/${script}`,
      });
      const sessionId = session?.id ?? "";
      if (text !== undefined) await ask(sessionId, text);
      return sessionId;
    },
    ask,
    prompt,
    async events(sessionId) {
      const events: Event[] = [];
      const selector = { sessions: [sessionId] };
      for (let cursor = "", isWhole = false; !isWhole; ) {
        const answer = await client.events.listEvents({
          selector,
          afterCursor: cursor,
          pageSize: 1000,
        });
        events.push(...answer.events);
        [cursor, isWhole] = [answer.cursor, answer.synced];
      }
      return events.map((event) => create(EventSchema, event));
    },
    async close() {
      await browser.close();
      await daemon.remove();
      if (complaints.length > 0) throw new Error(`pages complained: ${complaints.join("\n")}`);
    },
  };
}

/** A port that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was bound");
  return address.port;
}

/** Where screenshots go: a folder that a person named, or one in the temp folder. */
export async function screenshotFolder(): Promise<string> {
  return process.env["DAPHNIA_SCREENSHOTS"] || mkdtemp(join(tmpdir(), "daphnia-screenshots-"));
}
