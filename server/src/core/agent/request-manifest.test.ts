import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { describeRequest, type KnownRequest, rebuildRequest } from "./request-manifest.ts";

/** Describes bodies one after another, and rebuilds any of them. */
function createChain() {
  const manifests = new Map<string, Uint8Array>();
  let last: KnownRequest | undefined;
  const read = async (digest: string) => manifests.get(digest) ?? assert.fail(`no ${digest}`);
  return {
    manifests,
    add(text: string): string {
      const body = new TextEncoder().encode(text);
      const { manifest, depth } = describeRequest(body, "application/json", last);
      const digest = createHash("sha256").update(manifest).digest("hex");
      manifests.set(digest, manifest);
      last = { digest, body, depth };
      return digest;
    },
    async text(digest: string): Promise<string> {
      const { request, mediaType } = await rebuildRequest(digest, read);
      assert.equal(mediaType, "application/json");
      return new TextDecoder().decode(request.body);
    },
    depth: () => last?.depth,
  };
}

/** Numbers that look random and are the same in every run. */
function createDice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

describe("a request's manifest", () => {
  it("gives back every body of a chain of random edits", async () => {
    const roll = createDice(7);
    const chain = createChain();
    const told: [string, string][] = [];
    let text = "";
    for (let i = 0; i < 500; i++) {
      const at = roll(text.length + 1);
      const cut = roll(4) === 0 ? roll(text.length - at + 1) : 0;
      const added = "aaaab".repeat(roll(6)).slice(roll(4));
      text = text.slice(0, at) + added + text.slice(at + cut);
      told.push([chain.add(text), text]);
    }
    for (const [digest, expected] of told) assert.equal(await chain.text(digest), expected);
  });

  it("stands alone after 200 others", () => {
    const chain = createChain();
    for (let i = 0; i <= 200; i++) chain.add(`body ${i}`);
    assert.equal(chain.depth(), 200);
    chain.add("one more");
    assert.equal(chain.depth(), 0);
  });

  it("takes little more room for 100 growing requests than the last one does", () => {
    const chain = createChain();
    const said: string[] = [];
    let body = "";
    for (let i = 0; i < 100; i++) {
      said.push(`message ${i}: ${"lorem ipsum ".repeat(40)}`);
      body = JSON.stringify({ system: "be brief", messages: said, max_tokens: 1000 });
      chain.add(body);
    }
    const room = [...chain.manifests.values()].reduce((sum, { length }) => sum + length, 0);
    assert.ok(room <= 1.2 * body.length, `${room} bytes for ${body.length}`);
  });
});
