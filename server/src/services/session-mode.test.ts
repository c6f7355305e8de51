import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Scope } from "@daphnia/protocol/principal";
import { checkMode } from "./session-mode.ts";

const check = (mode: string, agentMode: string, ...scopes: Scope[]) =>
  checkMode("mode", mode, { agentMode, scopes: new Set(scopes) });

describe("checkMode", () => {
  it("lets anybody be as strict as they like, and none say nothing", () => {
    for (const mode of ["readonly", "guarded", "standard", ""])
      check(mode, "standard", Scope.PROMPT);
  });

  it("lets only an administrator be looser than the agent", () => {
    check("yolo", "standard", Scope.PROMPT, Scope.ADMIN);
    assert.throws(() => check("yolo", "standard", Scope.PROMPT), {
      refusal: "permission_denied",
      message: 'mode "yolo" is looser than the agent\'s, "standard": that needs SCOPE_ADMIN',
    });
    assert.throws(() => check("guarded", "restrictive", Scope.PROMPT), /looser/);
  });

  it("names the one that was meant", () => {
    assert.throws(() => check("standart", "yolo"), /no mode "standart"; did you mean standard\?/);
    assert.throws(() => check("x", "yolo"), /one of readonly, restrictive/);
  });
});
