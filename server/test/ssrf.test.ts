import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DaemonError } from "../src/base/errors.ts";
import {
  fetchOnce,
  type LocalServer,
  startServer,
} from "../src/plugins/fetch/testing/web-stage.ts";

/** One line of the corpus. `{port}` is where a listener waits that nothing may reach. */
interface Line {
  readonly url: string;
  readonly why: string;
  readonly group: string;
  /** What a resolver says of its name. */
  readonly resolves?: readonly string[];
}

const text = readFileSync(join(import.meta.dirname, "corpora", "ssrf.jsonl"), "utf8");
// The corpus is ours: its test would fail on any other shape.
const corpus = text
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Line);
const groups = [...new Set(corpus.map(({ group }) => group))];

describe("fetch", () => {
  let four: LocalServer;
  let six: LocalServer;
  before(async () => {
    four = await startServer((_, response) => response.end("reached"));
    six = await startServer((_, response) => response.end("reached"), {
      host: "::1",
      port: four.port,
    });
  });
  after(async () => {
    await four[Symbol.asyncDispose]();
    await six[Symbol.asyncDispose]();
  });
  const reached = () => four.connections() + six.connections();

  it("has a corpus that is large enough", () => {
    assert.ok(new Set(corpus.map(({ url }) => url)).size >= 150);
  });

  for (const group of groups) {
    it(`does not reach ${group}, and says why`, async () => {
      for (const line of corpus.filter((one) => one.group === group)) {
        const url = line.url.replaceAll("{port}", String(four.port));
        const said = await tell(url, line.resolves);
        assert.ok(said.includes(line.why), `${JSON.stringify(url)}: ${said}`);
        assert.equal(reached(), 0, `${JSON.stringify(url)} got through: ${said}`);
      }
    });

    it(`is not led to ${group} by a redirect`, async () => {
      let location = "";
      await using door = await startServer((_, response) => {
        response.writeHead(302, { location: Buffer.from(location).toString("latin1") });
        response.end();
      });
      const allow = [`door.example:${door.port}`];
      for (const line of corpus.filter((one) => one.group === group)) {
        location = line.url.replaceAll("{port}", String(four.port)).replace(/[\0\r\n]/g, "");
        const resolve = resolver({ "door.example": ["127.0.0.1"] }, line.resolves);
        const start = `http://door.example:${door.port}/start`;
        const { text } = await fetchOnce({ url: start }, { allow, resolve });
        assert.match(text, /redirects/, JSON.stringify(location));
        assert.equal(reached(), 0, `${JSON.stringify(location)} got through: ${text}`);
      }
    });
  }

  it("reaches these listeners where they are allowed, so that their silence says something", async () => {
    const { port } = four;
    const urls = [`http://127.1:${port}/`, `http://[0::1]:${port}/`, `http://any.example:${port}/`];
    const allow = ["127.0.0.1", "::1", `any.example:${port}`];
    const resolve = resolver({ "any.example": ["127.0.0.1"] });
    for (const url of urls) {
      const { text, isError } = await fetchOnce({ url }, { allow, resolve });
      assert.ok(!isError && text.endsWith("reached"), text);
    }
    assert.equal(reached(), 3);
  });
});

/** What a model is told, however it is refused. */
async function tell(url: string, resolves?: readonly string[]): Promise<string> {
  try {
    const { isError, text } = await fetchOnce({ url }, { resolve: resolver({}, resolves) });
    assert.ok(isError, text);
    return text;
  } catch (error) {
    assert.ok(error instanceof DaemonError && error.refusal === "invalid_argument", String(error));
    return error.message;
  }
}

/** Nothing is looked up outside: a name that the test does not know leads to loopback. */
function resolver(
  known: Readonly<Record<string, readonly string[]>>,
  otherwise: readonly string[] = ["127.0.0.1"],
) {
  return async (name: string) => (known[name] ?? otherwise).map((address) => ({ address }));
}
