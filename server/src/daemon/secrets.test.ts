import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AgentSchema } from "@daphnia/protocol/agent";
import { ConfigSchema } from "@daphnia/protocol/config";
import { createSecrets, secretValues } from "./secrets.ts";

const environment = {
  OPENAI_API_KEY: "openai-key-1",
  CI_TOKEN: "ci-token-12",
  DEPLOY_KEY: "deploy-key-1",
  HOME: "/somewhere/else",
  GOPATH: "/tmp:/usr",
  PIN: "1234",
};
const config = create(ConfigSchema, {
  redact: { env: ["CI_TOKEN", "PIN", "NOT_SET"] },
  providers: {
    openai: {
      apiKey: "openai-key-1",
      headers: { Authorization: "Bearer let-me-in-1", Accept: "application/json" },
    },
  },
  notify: { webhook: "https://hooks.test/abc" },
});

function sourcesWith(envPass: readonly string[]) {
  const warnings: string[] = [];
  const agent = create(AgentSchema, { name: "a", envPass: [...envPass] });
  return {
    environment,
    config: () => config,
    agents: { names: () => ["a"], get: () => agent },
    tokens: () => ({ "daphnia.token": "the-token-of-the-owner" }),
    log: { warn: (fields: Record<string, unknown>) => void warnings.push(String(fields["name"])) },
    warnings,
  };
}

describe("what the daemon knows to be secret", () => {
  it("is named by its variable, or by its key of the config", () => {
    const sources = sourcesWith(["DEPLOY_KEY", "HOME", "GOPATH", "NOT_SET"]);
    assert.deepEqual(
      secretValues(sources).map(({ name, value }) => `${name}=${value}`),
      [
        "OPENAI_API_KEY=openai-key-1",
        "CI_TOKEN=ci-token-12",
        "PIN=1234",
        "DEPLOY_KEY=deploy-key-1",
        "providers.openai.headers.Authorization=let-me-in-1",
        "notify.webhook=https://hooks.test/abc",
        "daphnia.token=the-token-of-the-owner",
      ],
    );
  });

  it("makes a new redactor only where that changed, and tells what it cannot hide", () => {
    const passed = ["HOME"];
    const sources = sourcesWith(passed);
    const agent = create(AgentSchema, { name: "a", envPass: passed });
    const redactor = createSecrets({
      ...sources,
      agents: { names: () => ["a"], get: () => agent },
    });
    const first = redactor();
    assert.equal(redactor(), first);
    assert.deepEqual(sources.warnings, ["PIN", "NOT_SET"]);
    agent.envPass.push("DEPLOY_KEY");
    assert.notEqual(redactor(), first);
    assert.notEqual(redactor().text("deploy-key-1"), "deploy-key-1");
  });
});
