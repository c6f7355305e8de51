import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { FindingStatus } from "@daphnia/protocol/daemon_service";
import { checkPort } from "./check-port.ts";

describe("checking the port", () => {
  const address = "127.0.0.1";

  it("finds one that is taken, and by whom where the system tells", async () => {
    const server = createServer().listen(0, address);
    await once(server, "listening");
    try {
      const bound = server.address();
      assert.ok(typeof bound === "object" && bound !== null);
      const { port } = bound;
      const taken = await checkPort({ tcp: true, address, port }, undefined);
      assert.equal(taken.status, FindingStatus.WARN);
      const who = process.platform === "linux" ? `pid ${process.pid} \\(` : "another process";
      assert.match(taken.message, RegExp(`^${address}:${port} is taken by ${who}`));
      if (process.platform !== "linux") return;
      const ours = await checkPort({ tcp: true, address, port }, process.pid);
      assert.equal(ours.message, `${address}:${port} is served by this home's daemon`);
      server.close();
      await once(server, "close");
      const free = await checkPort({ tcp: true, address, port }, undefined);
      assert.equal(free.message, `${address}:${port} is free`);
    } finally {
      server.close();
    }
  });

  it("has nothing to try when TCP is off or any port will do", async () => {
    for (const listen of [
      { tcp: false, address, port: 1 },
      { tcp: true, address, port: 0 },
    ]) {
      assert.equal((await checkPort(listen, undefined)).status, FindingStatus.OK);
    }
  });
});
