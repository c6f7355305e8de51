import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createConnectTransport } from "@connectrpc/connect-node";
import { bearer, createDaphnia, type Daphnia, requestIds } from "./client.ts";
import { createMemoryCursor } from "./cursor-store.ts";
import { ownerToken } from "./home.ts";
import { connect } from "./node.ts";
import { infoOf } from "./reasons.ts";
import { startTestDaemon, type TestDaemon } from "./testing/daemon.ts";
import { openRelay, type Relay } from "./testing/relay.ts";
import type { Watch, WatchOptions } from "./watch.ts";
import { connectWeb } from "./web.ts";

const kinds = ["the socket", "HTTP/2", "fetch"] as const;
type Kind = (typeof kinds)[number];

/** Session by session, as the log has them: what no watch may lose, repeat or turn around. */
const created: WatchOptions = { selector: { bodies: ["session_created"] } };

describe("watch, of a real daemon behind a line that breaks", () => {
  let daemon: TestDaemon;
  let tcp: Relay;
  let unix: Relay;
  let folder: string;
  /** A client that speaks to the daemon itself. */
  let direct: Daphnia;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "dps-"));
    await mkdir(join(folder, "run"));
    tcp = await openRelay(() => ({ port: daemon.port(), host: "127.0.0.1" }));
    const path = join(folder, "run", "daphnia.sock");
    unix = await openRelay(() => ({ path: join(daemon.home, "run", "daphnia.sock") }), { path });
    daemon = await startTestDaemon(
      `[listen]\nport = 0\nhosts = ["127.0.0.1:${tcp.port}"]\n[limits]\nheartbeat = "200ms"\n`,
    );
    direct = connect({ home: daemon.home });
  });
  after(async () => {
    await tcp[Symbol.asyncDispose]();
    await unix[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const relayOf = (kind: Kind) => (kind === "the socket" ? unix : tcp);
  async function clientOf(kind: Kind): Promise<Daphnia> {
    const token = await ownerToken({ home: daemon.home });
    const baseUrl = `http://127.0.0.1:${tcp.port}`;
    switch (kind) {
      case "the socket":
        return connect({ home: folder });
      case "HTTP/2": {
        // As connect() makes it, but with pings as quick as this daemon's heartbeat: they are
        // what notices that a connection which many streams share is frozen.
        const pings = { pingIntervalMs: 200, pingTimeoutMs: 200 };
        const interceptors = [requestIds, bearer(token)];
        const options = { httpVersion: "2", baseUrl, interceptors, ...pings } as const;
        return createDaphnia(createConnectTransport(options));
      }
      case "fetch":
        return connectWeb({ baseUrl, token });
    }
  }
  /** Resolves when the daemon knows of no stream; a test that waits in vain times out. */
  const untilNoneOpen = async () => {
    while ((await direct.daemon.getInfo({})).openWatches > 0);
  };

  for (const kind of kinds) {
    /** Watches through a relay while something happens to it, and compares with what was created. */
    async function goesOn(happens: () => Promise<void>): Promise<readonly string[]> {
      const client = await clientOf(kind);
      const reasons: string[] = [];
      const onResume = (why: string) => void reasons.push(why);
      const { session: first, cursor } = await direct.sessions.createSession({});
      let second: string | undefined;
      const told: string[] = [];
      for await (const { events } of client.watch({ ...created, after: cursor, onResume })) {
        told.push(...events.map(({ sessionId }) => sessionId));
        if (told.length === 1 && second === undefined) {
          await happens();
          second = (await direct.sessions.createSession({})).session?.id;
        }
        if (told.length > 1) break;
      }
      assert.deepEqual(told, [first?.id, second]);
      relayOf(kind).cut(); // what is frozen would never hear that it was left
      await untilNoneOpen();
      return reasons;
    }

    it(`goes on over ${kind} when the daemon is killed and started again`, async (t) => {
      const reasons = await goesOn(async () => {
        await daemon.kill();
        await daemon.start();
      });
      t.diagnostic(`${kind}: ${reasons.join("; ")}`);
      assert.ok(reasons.length > 0);
    });

    it(`goes on over ${kind} when the daemon stops and is started again`, async () => {
      const reasons = await goesOn(async () => {
        await daemon.stop();
        await daemon.start();
      });
      assert.ok(reasons.includes("SHUTTING_DOWN"), reasons.join("; "));
    });

    it(`goes on over ${kind} when the line is cut`, async (t) => {
      const reasons = await goesOn(async () => relayOf(kind).cut());
      t.diagnostic(`${kind}: ${reasons.join("; ")}`);
      assert.ok(reasons.length > 0);
    });

    it(`goes on over ${kind} when the line is frozen`, async (t) => {
      const before = relayOf(kind).taken();
      const reasons = await goesOn(async () => relayOf(kind).freeze());
      t.diagnostic(`${kind}: ${reasons.join("; ")}`);
      assert.ok(reasons.length > 0 && relayOf(kind).taken() > before);
    });

    const leavings: Readonly<Record<string, (watch: Watch, abort: () => void) => Promise<void>>> = {
      async break(watch) {
        for await (const { opened } of watch) if (opened) break;
      },
      async "an error in the loop"(watch) {
        const failing = async () => {
          for await (const _response of watch) throw new Error("mine");
        };
        await assert.rejects(failing, /mine/);
      },
      async "its signal"(watch, abort) {
        for await (const { opened } of watch) if (opened) abort();
      },
      async "return() while it waits"(watch) {
        await watch.next();
        const waiting = watch.next();
        await watch.return();
        assert.ok((await waiting).done !== undefined);
      },
    };
    for (const [how, leave] of Object.entries(leavings)) {
      it(`leaves no stream open over ${kind} after ${how}`, async () => {
        const client = await clientOf(kind);
        const abort = new AbortController();
        const options: WatchOptions = { ...created, signal: abort.signal };
        const watch = client.watch(options);
        await leave(watch, () => abort.abort());
        await untilNoneOpen();
        // What was left stays left.
        for await (const _response of watch) assert.fail("it was left");
      });
    }
  }

  it("waits for a daemon that is not there, and for one that was", async () => {
    const home = await mkdtemp(join(tmpdir(), "dps-"));
    const reasons: string[] = [];
    const abort = new AbortController();
    const onResume = (why: string) => {
      reasons.push(why);
      if (reasons.length === 2) abort.abort();
    };
    const options = { ...created, onResume, signal: abort.signal };
    for await (const _response of connect({ home }).watch(options)) assert.fail("nobody is there");
    assert.match(reasons.join(), /ENOENT/);
    await rm(home, { recursive: true, force: true });

    await daemon.kill(); // its socket file stays
    let restarted: Promise<void> | undefined;
    const onRefused = () => {
      restarted ??= daemon.start();
    };
    const again = { ...created, onResume: onRefused };
    for await (const { opened } of direct.watch(again)) if (opened) break;
    assert.ok(restarted !== undefined, "it was refused first");
    await restarted;
  });

  it("throws for a cursor of another log, and begins anew once that is forgotten", async () => {
    await direct.sessions.createSession({});
    const cursors = createMemoryCursor();
    const readAll = async () => {
      const told: string[] = [];
      const bounds = { after: "beginning", untilCaughtUp: true, cursors } as const;
      for await (const { events } of direct.watch({ ...created, ...bounds })) {
        told.push(...events.map(({ sessionId }) => sessionId));
      }
      return told;
    };
    const before = await readAll();
    assert.ok(before.length > 0);
    assert.deepEqual(await readAll(), [], "it goes on behind what it has read");

    await daemon.kill();
    for (const end of ["", "-wal", "-shm"]) {
      await rm(join(daemon.home, `daphnia.db${end}`), { force: true });
    }
    await daemon.start();
    await assert.rejects(readAll, (error) => infoOf(error)?.reason === "CURSOR_OTHER_LOG");
    const { session } = await direct.sessions.createSession({});
    await cursors.save("");
    assert.ok((await readAll()).includes(session?.id ?? ""));
  });
});
