import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type PortFileReading, readPortFile } from "./read-port-file.ts";
import { type PortFiles, watchPortFiles } from "./watch-port-files.ts";

const good = {
  ...{ port: 4000, pid: process.pid, token: "t".repeat(32), name: "one", version: "1" },
  protocol: "1",
};
const isRoot = process.getuid?.() === 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "daphnia-ports-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (name = "one") => join(folder, `${name}.port`);
function put(value: unknown, mode = 0o600): void {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  writeFileSync(path(), text, { mode });
  chmodSync(path(), mode); // whatever the mask takes away
}
const read = () => readPortFile(path(), "one");
async function problem(): Promise<string> {
  const reading = await read();
  return reading !== undefined && "problem" in reading ? reading.problem : "";
}

describe("a port file", () => {
  it("is read, with fields that nobody knows", async () => {
    put({ ...good, later: true });
    const { port, pid, token, version } = good;
    assert.deepEqual(await read(), { file: { port, pid, token, version }, warning: "" });
  });

  it("is nothing where there is none", async () => {
    assert.equal(await read(), undefined);
  });

  it("is not believed where others may read or write it", async () => {
    for (const mode of [0o604, 0o640, 0o620, 0o602, 0o644, 0o666]) {
      put(good, mode);
      assert.match(await problem(), /mode must be 0600/, mode.toString(8));
    }
    put(good, 0o400);
    assert.equal(await problem(), "");
  });

  it("is not believed of somebody else", {
    skip: !isRoot && "only root gives files away",
  }, async () => {
    put(good);
    chownSync(path(), 65534, 65534);
    assert.match(await problem(), /belongs to somebody else/);
  });

  it("is no link, folder or pipe", async () => {
    writeFileSync(join(folder, "aside"), JSON.stringify(good), { mode: 0o600 });
    symlinkSync(join(folder, "aside"), path());
    assert.match(await problem(), /is a link/);
    rmSync(path());
    mkdirSync(path());
    assert.match(await problem(), /no plain file/);
    rmSync(path(), { recursive: true });
    const [code] = await once(spawn("mkfifo", [path()]), "exit");
    assert.equal(code, 0);
    assert.match(await problem(), /no plain file/);
  });

  it("may be linked into its place", async () => {
    writeFileSync(join(folder, "aside"), JSON.stringify(good), { mode: 0o600 });
    linkSync(join(folder, "aside"), path());
    assert.equal(await problem(), "");
  });

  it("is refused with the reason where a field is wrong, or it is cut anywhere", async () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      ["", /no JSON object/],
      ["[]", /no JSON object/],
      ["70000", /names the port 70000/],
      [{ ...good, port: 0 }, /names no port/],
      [{ ...good, port: "4000" }, /names no port/],
      [{ ...good, pid: 0 }, /names no pid/],
      [{ ...good, pid: -1 }, /names no pid/],
      [{ ...good, token: "short" }, /no token/],
      [{ ...good, token: `${"t".repeat(20)}\nx-header: 1` }, /no token/],
      [{ ...good, name: "two" }, /is for "two"/],
      [{ ...good, protocol: "2" }, /version 2 of the contract/],
      [{ ...good, pid: 2 ** 22 - 1 }, /process 4194303 is gone/],
      [{ ...good, more: "x".repeat(16 * 1024) }, /more than 16384 bytes/],
    ];
    for (const [value, why] of wrong) {
      put(value);
      assert.match(await problem(), why);
    }
    const text = JSON.stringify(good);
    for (let i = 0; i < text.length; i++) {
      put(text.slice(0, i));
      assert.match(await problem(), /no JSON object/);
    }
  });

  it("may hold a port alone, with a warning", async () => {
    put("4001\n", 0o644);
    const reading = await read();
    assert.ok(reading !== undefined && "file" in reading);
    assert.deepEqual(reading.file, { port: 4001, pid: 0, token: "", version: "" });
    assert.match(reading.warning, /nothing proves who listens there/);
  });
});

describe("a folder of port files", () => {
  let files: PortFiles | undefined;
  afterEach(() => files?.close());

  function watch(place = folder) {
    const told: (readonly [string, PortFileReading | undefined])[] = [];
    const errors: unknown[] = [];
    let heard = Promise.withResolvers<void>();
    files = watchPortFiles(
      place,
      (name, reading) => {
        told.push([name, reading]);
        heard.resolve();
        heard = Promise.withResolvers<void>();
      },
      (error) => errors.push(error),
    );
    /** Waits until the last thing that was told is as it should be. */
    const until = async (isIt: (name: string, reading: PortFileReading | undefined) => boolean) => {
      for (;;) {
        const last = told.at(-1);
        if (last !== undefined && isIt(...last)) return;
        await heard.promise;
      }
    };
    return { files, told, errors, until };
  }
  const portOf = (reading: PortFileReading | undefined) =>
    reading !== undefined && "file" in reading ? reading.file.port : undefined;
  const replace = (port: number) => {
    const aside = join(folder, "one.port.new");
    writeFileSync(aside, JSON.stringify({ ...good, port }), { mode: 0o600 });
    renameSync(aside, path());
  };

  it("tells of files that come, are replaced and go, without being asked", async () => {
    const { until, told } = watch();
    replace(4000);
    await until((_, reading) => portOf(reading) === 4000);
    replace(4001);
    await until((_, reading) => portOf(reading) === 4001);
    rmSync(path());
    await until((name, reading) => name === "one" && reading === undefined);
    assert.deepEqual(
      told.map(([name]) => name),
      ["one", "one", "one"],
    );
  });

  it("ends at the last of many quick restarts, and tells nothing twice", async () => {
    const { until, told } = watch();
    for (let port = 5000; port < 5100; port++) {
      rmSync(path(), { force: true });
      replace(port);
      if (port % 10 === 0) await new Promise(setImmediate);
    }
    await until((_, reading) => portOf(reading) === 5099);
    await Promise.all(Array.from({ length: 10 }, () => files?.look()));
    const keys = told.map((one) => JSON.stringify(one));
    assert.ok(keys.every((key, i) => key !== keys[i - 1]));
    assert.equal(portOf(told.at(-1)?.[1]), 5099);
  });

  it("looks at a file that is there in part again when it is whole", async () => {
    const { until } = watch();
    const text = JSON.stringify(good);
    writeFileSync(path(), text.slice(0, 20), { mode: 0o600 });
    await until((_, reading) => reading !== undefined && "problem" in reading);
    writeFileSync(path(), text, { mode: 0o600 });
    await until((_, reading) => portOf(reading) === 4000);
  });

  it("is not kept from looking by who writes beside it all the time", async () => {
    const { until } = watch();
    let isOver = false;
    let count = 0;
    const write = () => {
      writeFileSync(join(folder, "noise"), String(count++));
      if (!isOver) setTimeout(write, 5);
    };
    write();
    replace(4000);
    await until((_, reading) => portOf(reading) === 4000);
    isOver = true;
    assert.ok(count < 100, `it was told after ${count} changes`);
  });

  it("passes over files that are named for no component", async () => {
    const { told, files: port } = watch();
    for (const name of ["One", "1one", "a".repeat(33), "one.port"]) {
      writeFileSync(path(name), JSON.stringify({ ...good, name }), { mode: 0o600 });
    }
    writeFileSync(join(folder, "one.port.new"), JSON.stringify(good), { mode: 0o600 });
    await port.look();
    assert.deepEqual(told, []);
  });

  it("is polled where it cannot be watched", async () => {
    const later = join(folder, "later");
    const { until, errors } = watch(later);
    assert.match(String(errors[0]), /is not watched but polled/);
    mkdirSync(later);
    writeFileSync(join(later, "one.port"), JSON.stringify(good), { mode: 0o600 });
    await until((_, reading) => portOf(reading) === 4000);
  });

  it("tells nothing once it is closed", async () => {
    replace(4000);
    const { told, files: port } = watch();
    const looking = port.look();
    port.close();
    await looking;
    assert.deepEqual(told, []);
  });
});
