import type { Clock } from "../../../base/clock.ts";
import type { Model } from "../../../core/model/model.ts";
import { createProviders } from "../create-providers.ts";
import type { Dialect } from "../provider-table.ts";

/** A provider for each wire format, and what of an answer its format carries. */
export interface Wire {
  readonly provider: string;
  readonly dialect: Dialect;
  readonly model: string;
  /** Whether the model server that others wrote sends thinking in this format. */
  readonly thinks: boolean;
}

export const wires: readonly Wire[] = [
  { provider: "anthropic", dialect: "anthropic", model: "claude-sonnet-5", thinks: true },
  { provider: "openai", dialect: "openai-responses", model: "gpt-5.5", thinks: true },
  { provider: "openai-chat", dialect: "openai-chat", model: "gpt-5.5", thinks: false },
  { provider: "google", dialect: "google", model: "gemini-3.8-flash", thinks: true },
  {
    provider: "google-interactions",
    dialect: "google-interactions",
    model: "gemini-3.8-flash",
    thinks: false,
  },
  { provider: "openai-compatible", dialect: "compatible", model: "some-model", thinks: true },
];

/** The key that every request of a test carries. */
export const testKey = "sk-test-0123456789";

/** A wire's model at a server on loopback. */
export async function openAt(
  url: string,
  { provider, model }: Pick<Wire, "provider" | "model">,
): Promise<Model> {
  const settings = { [provider]: { baseUrl: url, apiKey: testKey } };
  const found = createProviders({ environment: {}, settings, clock: stoppedClock }).find(
    ({ name }) => name === provider,
  );
  if (found === undefined) throw new Error(`there is no provider ${provider}`);
  return found.open(model);
}

export const stoppedClock: Clock = {
  now: () => new Date("2026-11-20T12:00:00Z"),
  monotonic: () => 0,
  after: () => () => {},
};
