import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { get } from "./request.ts";
import { readTarget } from "./target.ts";
import { startServer } from "./testing/web-stage.ts";

const signal = new AbortController().signal;

describe("get", () => {
  it("says nothing to an address that was not checked, wherever the connection led", async () => {
    let requests = 0;
    await using server = await startServer((_, response) => {
      requests++;
      response.end();
    });
    // Nobody is asked to look a literal address up: only what was connected to shows it.
    const target = readTarget(`http://127.0.0.1:${server.port}/`);
    await assert.rejects(get(target, ["127.0.0.9"], signal), /led to 127\.0\.0\.1, which was not/);
    assert.equal(requests, 0);
  });

  it("knows an address by all its spellings", async () => {
    await using server = await startServer((_, response) => response.end(), { host: "::1" });
    const target = readTarget(`http://six.example:${server.port}/`);
    const response = await get(target, ["0:0:0:0:0:0:0:1"], signal);
    assert.equal(response.statusCode, 200);
    response.destroy();
  });
});
