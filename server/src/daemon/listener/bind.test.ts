import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { shuttingDown } from "../../services/error-interceptor.ts";
import { bindSocket } from "./bind.ts";
import { openStage } from "./testing/stage.ts";

describe("a listener's socket file", () => {
  it("is private from birth and gone after close, and the mask is as before", async () => {
    const before = process.umask();
    await using stage = await openStage("socket");
    assert.equal((await stat(stage.listener.address)).mode & 0o777, 0o600);
    assert.equal(process.umask(), before);
    await stage.listener.close(100, shuttingDown());
    await assert.rejects(stat(stage.listener.address), { code: "ENOENT" });
  });

  it("replaces a stale one, and neither a served one nor another file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bind-"));
    const path = join(folder, "d.sock");
    const stale = createServer();
    await bindSocket(stale, path);
    const second = createServer();
    await assert.rejects(bindSocket(second, path), /another process serves/);
    await rename(path, join(folder, "kept"));
    stale.close();
    await once(stale, "close");
    await rename(join(folder, "kept"), path);
    await bindSocket(second, path);
    second.close();
    await once(second, "close");
    await writeFile(path, "mine");
    await assert.rejects(bindSocket(createServer(), path), /is not a socket/);
    await assert.rejects(bindSocket(createServer(), `/${"x".repeat(120)}`), /121 bytes/);
    await rm(folder, { recursive: true });
  });
});
