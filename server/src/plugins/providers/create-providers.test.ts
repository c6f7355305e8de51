import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DaemonError } from "../../base/errors.ts";
import { baseUrlOf } from "./base-url.ts";
import { createProviders, type ProviderSettings } from "./create-providers.ts";
import { providerTable } from "./provider-table.ts";
import { collectAnswer } from "./testing/collect-answer.ts";
import { requestOf, user } from "./testing/model-request.ts";
import { startStreamServer } from "./testing/stream-server.ts";
import { stoppedClock } from "./testing/wires.ts";

type Environment = Record<string, string>;

function providerOf(name: string, environment: Environment, settings: ProviderSettings = {}) {
  const all = createProviders({ environment, settings: { [name]: settings }, clock: stoppedClock });
  const found = all.find((provider) => provider.name === name);
  assert.ok(found);
  return found;
}

describe("the providers", () => {
  it("are configured by the first key variable that is set", () => {
    const names = (environment: Environment) =>
      createProviders({ environment, clock: stoppedClock })
        .filter((provider) => provider.isConfigured())
        .map(({ name }) => name);
    assert.deepEqual(names({ ANTHROPIC_API_KEY: " " }), ["ollama"]);
    assert.deepEqual(names({ GOOGLE_GENERATIVE_AI_API_KEY: "k", OPENAI_API_KEY: "k" }), [
      "openai",
      "openai-chat",
      "google",
      "google-interactions",
      "ollama",
    ]);
    assert.deepEqual(names({ OPENAI_COMPATIBLE_BASE_URL: "http://localhost:1/v1" }), [
      "ollama",
      "openai-compatible",
    ]);
  });

  it("name the variable when the key is missing", async () => {
    await assert.rejects(providerOf("google", {}).open("gemini"), (error) => {
      assert.ok(error instanceof DaemonError);
      assert.equal(error.refusal, "failed_precondition");
      assert.deepEqual(error.detail, {
        reason: "PROVIDER_KEY_MISSING",
        metadata: { variable: "GEMINI_API_KEY" },
      });
      assert.match(error.message, /GEMINI_API_KEY or GOOGLE_GENERATIVE_AI_API_KEY.*`daphnia demo`/);
      return true;
    });
  });

  it("say which variable holds the address where there is none to assume", async () => {
    const open = (environment: Environment) =>
      providerOf("openai-compatible", environment).open("m");
    await assert.rejects(open({}), /OPENAI_COMPATIBLE_BASE_URL\) is not set/);
    await assert.rejects(
      open({ OPENAI_COMPATIBLE_BASE_URL: "nowhere" }),
      /must be a URL, got "nowhere"/,
    );
    await assert.rejects(
      open({ OPENAI_COMPATIBLE_BASE_URL: "http://me:secret@host" }),
      /must hold no user or password/,
    );
  });

  it("send custom headers, and settings win over the environment", async () => {
    const server = await startStreamServer(() => ({ status: 401, chunks: [] }));
    try {
      const environment = {
        ANTHROPIC_API_KEY: "environment",
        ANTHROPIC_BASE_URL: "http://127.0.0.1:1",
      };
      const settings = {
        baseUrl: server.url,
        apiKey: "settings",
        headers: { "x-team": "daphnia" },
      };
      const model = await providerOf("anthropic", environment, settings).open("m");
      await collectAnswer(model, requestOf([user("hello")]));
      const [seen] = server.requests;
      assert.deepEqual(
        [seen?.url, seen?.headers["x-api-key"], seen?.headers["x-team"]],
        ["/v1/messages", "settings", "daphnia"],
      );
    } finally {
      await server.close();
    }
  });

  it("list the models whose price is known", async () => {
    const models = await providerOf("anthropic", {}).list();
    assert.ok(models.includes("claude-sonnet-5"));
    assert.deepEqual(await providerOf("ollama", {}).list(), []);
  });
});

describe("a base URL", () => {
  it("is taken as the provider's own SDK takes it", () => {
    const cases: [string, string, string][] = [
      ["anthropic", "https://proxy", "https://proxy/v1"],
      ["anthropic", "https://proxy/anthropic/", "https://proxy/anthropic/v1"],
      ["anthropic", "https://proxy/v1/", "https://proxy/v1"],
      ["openai", "https://proxy/v1", "https://proxy/v1"],
      ["openai", "https://proxy/", "https://proxy/v1"],
      ["openai", "https://proxy/openai", "https://proxy/openai"],
      ["google", "https://proxy", "https://proxy/v1beta"],
      ["google", "https://proxy/v1beta", "https://proxy/v1beta"],
      ["ollama", "0.0.0.0", "http://127.0.0.1:11434/v1"],
      ["ollama", ":8080", "http://127.0.0.1:8080/v1"],
      ["ollama", "gpu:1234", "http://gpu:1234/v1"],
      ["ollama", "https://gpu", "https://gpu/v1"],
    ];
    const urls = cases.map(([name, named]) => {
      const line = providerTable.find((candidate) => candidate.name === name);
      assert.ok(line);
      return [name, named, baseUrlOf(line, named)];
    });
    assert.deepEqual(urls, cases);
  });
});
