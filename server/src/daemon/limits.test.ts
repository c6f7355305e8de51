import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { LimitsSchema } from "@daphnia/protocol/config";
import { effectiveConfig } from "../plugins/config/effective-config.ts";
import { limitsOf } from "./limits.ts";
import { toLimits } from "./process-info.ts";

describe("the limits", () => {
  const { limits } = effectiveConfig([], "daphnia.toml", {}).config;
  assert.ok(limits);

  it("are a key of the config each", () => {
    const names = LimitsSchema.fields.map(({ localName }) => localName);
    assert.deepEqual(Object.keys(limitsOf(limits)).sort(), names.sort());
  });

  it("are told as they are set", () => {
    assert.deepEqual(create(LimitsSchema, toLimits(limitsOf(limits))), limits);
  });

  it("have the defaults that are promised", () => {
    const { maxMessageBytes, maxWatches, maxRunningTurns, stallTimeout, heartbeat, tailBytes } =
      limitsOf(limits);
    assert.deepEqual(
      { maxMessageBytes, maxWatches, maxRunningTurns, stallTimeout, heartbeat, tailBytes },
      {
        maxMessageBytes: 4 * 1024 * 1024,
        maxWatches: 4096,
        maxRunningTurns: 64,
        stallTimeout: 300_000,
        heartbeat: 15_000,
        tailBytes: 2 * 1024 * 1024,
      },
    );
  });
});
