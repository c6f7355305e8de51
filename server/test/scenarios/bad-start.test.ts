import assert from "node:assert/strict";
import { once } from "node:events";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ConnectError } from "@connectrpc/connect";
import { FindingStatus } from "@daphnia/protocol/daemon_service";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { failToStart } from "../failed-start.ts";

const mostBytes = process.platform === "darwin" ? 103 : 107;
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

describe("a start that cannot be", () => {
  let root: string;
  let home: string;
  let daemon: DaemonProcess | undefined;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), "dph-")));
    home = join(root, "home");
    await mkdir(home, { mode: 0o700 });
  });
  afterEach(async () => {
    await daemon?.remove();
    daemon = undefined;
    await rm(root, { recursive: true, force: true });
  });

  /** Asserts that it ends with 1 and says what is wrong, why, and what to do. */
  async function refuses(path: string, says: RegExp, uid?: number): Promise<void> {
    const { code, said } = await failToStart(path, uid);
    assert.match(said, says);
    assert.equal(said.trim().split("\n").length, 1, "one line, and no stack");
    assert.equal(code, 1);
  }

  it("says that the home is too long for a socket, and how long it may be", async () => {
    const fits = mostBytes - "/run/daphnia.sock".length;
    const long = join(root, "x".repeat(fits - root.length));
    assert.equal(Buffer.byteLength(join(long, "run", "daphnia.sock")), mostBytes + 1);
    const bytes = `is ${mostBytes + 1} bytes, at most ${mostBytes} are possible`;
    await refuses(long, new RegExp(`${bytes}; set DAPHNIA_HOME to a shorter path`));
    await assert.rejects(lstat(long), { code: "ENOENT" });
  });

  it("says that the home cannot be made", async () => {
    const file = join(root, "file");
    await writeFile(file, "");
    await refuses(join(file, "home"), /cannot be made: .*; set DAPHNIA_HOME to a folder you can/);
  });

  it("says that the home cannot be written", async () => {
    await chmod(root, 0o755);
    await chmod(home, 0o500);
    if (isRoot) await chown(home, nobody, nobody);
    await refuses(home, /home .*EACCES.*; set DAPHNIA_HOME/, isRoot ? nobody : undefined);
  });

  const mayChown = isRoot ? false : "needs root, to give a folder away";
  it("says whose the home is", { skip: mayChown }, async () => {
    await chown(home, nobody, nobody);
    await refuses(home, /belongs to user 65534, this is user 0; run as its owner/);
  });

  it("says that the database is none, or another program's, and leaves it as it is", async () => {
    const path = join(home, "daphnia.db");
    const garbage = Buffer.alloc(8192, "garbage");
    await writeFile(path, garbage);
    await refuses(home, /daphnia\.db is not a database of Daphnia; move it away/);
    assert.deepEqual(await readFile(path), garbage);
    await rm(path);
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE note(text TEXT)");
    other.close();
    const bytes = await readFile(path);
    await refuses(home, /daphnia\.db is not a database of Daphnia; move it away/);
    assert.deepEqual(await readFile(path), bytes);
  });

  it("says that a newer version wrote the database, and leaves what it holds", async () => {
    daemon = await startDaemonProcess();
    assert.equal(await daemon.stop(), 0);
    const path = join(daemon.home, "daphnia.db");
    const inDatabase = <T>(use: (database: DatabaseSync) => T): T => {
      const database = new DatabaseSync(path);
      try {
        return use(database);
      } finally {
        database.close();
      }
    };
    const held = (database: DatabaseSync) => [
      database.prepare("PRAGMA user_version").get(),
      database.prepare("SELECT pos, digest, body FROM event ORDER BY pos").all(),
    ];
    const before = inDatabase((database) => {
      database.exec("PRAGMA user_version = 99");
      return held(database);
    });
    const newer = /written by a newer Daphnia \(schema 99; this one knows \d+\); upgrade Daphnia/;
    await refuses(daemon.home, newer);
    assert.deepEqual(inDatabase(held), before);
  });

  it("ends a second daemon with 4 in under a second, naming the first's pid", async () => {
    const first = await startDaemonProcess();
    daemon = first;
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { code, said, milliseconds } = await failToStart(first.home);
      const who = `the home ${first.home} is served by pid ${first.pid()} already`;
      const remedy = `DAPHNIA_HOME=${first.home} daphnia daemon stop`;
      assert.equal(said, `daphnia: ${who}; stop it with \`${remedy}\`\n`);
      assert.equal(code, 4);
      times.push(milliseconds);
    }
    // The fastest of three: other tests run beside this one.
    assert.ok(Math.min(...times) < 1000, `it took ${times.join(", ")} ms`);
    const { pid } = await first.client.daemon.getInfo({});
    assert.equal(pid, first.pid(), "the first one serves on");
  });

  it("replaces the socket that a killed daemon left, and no file that is none", async () => {
    daemon = await startDaemonProcess();
    await daemon.kill();
    assert.ok((await lstat(daemon.socket)).isSocket());
    await daemon.start();
    assert.equal((await daemon.client.daemon.getInfo({})).pid, daemon.pid());
    await daemon.stop();
    await rm(daemon.socket, { force: true });
    await writeFile(daemon.socket, "precious");
    await refuses(daemon.home, /daphnia\.sock exists and is not a socket/);
    assert.equal(await readFile(daemon.socket, "utf8"), "precious");
  });

  it("without its port, for another process has it, is a warning: the socket serves", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    try {
      const bound = other.address();
      const port = typeof bound === "object" ? bound?.port : undefined;
      daemon = await startDaemonProcess({ environment: { DAPHNIA_TCP_PORT: `${port}` } });
      const { addresses } = await daemon.client.daemon.getInfo({});
      assert.deepEqual(addresses, [daemon.socket]);
      const { findings } = await daemon.client.daemon.check({});
      const { status, message = "" } = findings.find(({ name }) => name === "port") ?? {};
      assert.equal(status, FindingStatus.WARN);
      const who = process.platform === "linux" ? `pid ${process.pid} ` : "another process";
      assert.ok(message.includes(`127.0.0.1:${port} is taken by ${who}`), message);
      const log = await readFile(join(daemon.home, "logs", "daemon.log"), "utf8");
      assert.match(log, /"level":40.*the TCP port cannot be opened; the socket serves alone/);
      await daemon.stop();
      const starting = daemon.start();
      let isStarting = true;
      void starting.finally(() => {
        isStarting = false;
      });
      // Its socket is open before it knows whose the port is: whoever asks then is answered.
      const said = new Set<string>();
      const note = (error: unknown) => said.add(ConnectError.from(error).rawMessage);
      while (isStarting) {
        await daemon.client.daemon.getInfo({}).catch(note);
        await daemon.client.daemon.check({}).catch(note);
      }
      await starting;
      assert.equal(said.has("internal error"), false);
    } finally {
      other.close();
    }
  });
});
