import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import type { Place, RunContext } from "../../core/tool/tool.ts";
import { createBashTool } from "./bash-tool.ts";
import { createBubblewrap } from "./bubblewrap.ts";
import { startTimeOf } from "./process-identity.ts";
import { sweepOrphans } from "./sweep-orphans.ts";
import { untilGone } from "./testing/until-gone.ts";

const environment = {
  ...{ PATH: process.env["PATH"], HOME: process.env["HOME"], LANG: "C.UTF-8" },
  ...{ BASH_ENV: "/etc/evil", LD_PRELOAD: "x", SECRET: "s3cret", GIVEN: "given" },
};

async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "0 () Z");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

describe("bash", () => {
  let folder: string;
  let place: Place;
  const options = {
    claimsOf: async () => [],
    sandbox: createBubblewrap({ environment }),
    mode: () => "off" as const,
    environment,
  };
  const bash = createBashTool(options);

  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "dph-bash-")));
    await mkdir(join(folder, "bin"));
    place = {
      ...{ sessionId: "s", roots: [folder], closed: [], cwd: folder },
      ...{ envPass: ["GIVEN"], hasNetwork: false },
    };
  });
  after(() => rm(folder, { recursive: true }));

  async function run(command: string, given: Partial<RunContext> = {}, more: object = {}) {
    const claimed = await bash.claim({ command, ...more }, place);
    const process = await claimed.prepare?.();
    const context = createRunContext(given);
    const { parts, ...answer } = await claimed.run(context);
    const text = parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
    const printed = Buffer.concat(context.printed).toString();
    return { ...answer, text, printed, pid: process?.pid ?? 0 };
  }

  it("answers what is printed on both streams in its order, and where it ran", async () => {
    const { text, isError, printed } = await run("echo out; echo err >&2; pwd; echo last");
    assert.deepEqual([text, isError], [`out\nerr\n${folder}\nlast\n`, false]);
    assert.equal(printed, text);
  });

  it("tells the exit code, a signal, and silence", async () => {
    const failed = await run("echo no; exit 3");
    assert.deepEqual([failed.text, failed.isError], ["no\n[exit code 3]", true]);
    assert.equal((await run("kill -9 $$")).text, "[ended by SIGKILL]");
    assert.equal((await run("true")).text, "[it printed nothing]");
  });

  it("prints into a true pipe, which can be opened by name", async () => {
    assert.equal((await run("echo a > /dev/stderr; echo b > /dev/stdout")).text, "a\nb\n");
  });

  it("does nothing before it is let through, and nothing once it is dropped", async () => {
    const claimed = await bash.claim({ command: "touch too-soon" }, place);
    const process = await claimed.prepare?.();
    assert.ok(process && process.pid > 1);
    assert.equal(process.startTime, await startTimeOf(process.pid));
    await claimed.drop?.();
    assert.equal(await startTimeOf(process.pid), undefined);
    await assert.rejects(access(join(folder, "too-soon")));
  });

  it("does nothing where the daemon ends before it is let through", async () => {
    const script = `
      import { createBashTool } from ${JSON.stringify(new URL("./bash-tool.ts", import.meta.url))};
      import { createBubblewrap } from ${JSON.stringify(new URL("./bubblewrap.ts", import.meta.url))};
      const environment = process.env;
      const sandbox = createBubblewrap({ environment });
      const mode = () => "off";
      const bash = createBashTool({ claimsOf: async () => [], sandbox, mode, environment });
      const claimed = await bash.claim({ command: "touch after-death" }, ${JSON.stringify(place)});
      process.stdout.write(String((await claimed.prepare()).pid));
      setInterval(() => {}, 1000);
    `;
    const daemon = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [pid] = await once(daemon.stdout, "data");
    daemon.kill("SIGKILL");
    await untilGone(Number(pid));
    await assert.rejects(access(join(folder, "after-death")));
  });

  it("waits for whoever is shown what it prints, and holds no more than both ends", async () => {
    const before = process.memoryUsage().rss;
    let bytes = 0;
    const print = async (piece: Uint8Array) => {
      bytes += piece.length;
      await new Promise(setImmediate);
      return piece;
    };
    const { text } = await run("head -c 100000000 /dev/zero | tr '\\0' x; echo; echo end", {
      print,
    });
    assert.equal(bytes, 100_000_005);
    assert.ok(text.length < 50 * 1024);
    assert.match(text, /^x+\n\[… 99\d{6} bytes left out …\]\nx*\n?end\n$/);
    assert.ok(process.memoryUsage().rss - before < 100e6);
  });

  it("shows one piece after the other, and lets the command wait", async () => {
    let showing = 0;
    let most = 0;
    const print = async (piece: Uint8Array) => {
      most = Math.max(most, ++showing);
      await new Promise(setImmediate);
      showing--;
      return piece;
    };
    await run("head -c 5000000 /dev/zero", { print });
    assert.deepEqual([showing, most], [0, 1]);
  });

  it("keeps the output of calls apart that run side by side", async () => {
    const all = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => run(`seq ${i}`)));
    const counts = all.map(({ text }) => text.trim().split("\n").length);
    assert.deepEqual(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("does nothing where it was canceled before it is let through", async () => {
    const signal = AbortSignal.abort(new Error("canceled"));
    await assert.rejects(run("touch canceled-early", { signal }), /canceled/);
    await assert.rejects(access(join(folder, "canceled-early")));
  });

  it("fails where what it prints cannot be shown", async () => {
    const print = async () => {
      throw new Error("the store is full");
    };
    await assert.rejects(run("echo x; sleep 600", { print }), /the store is full/);
  });

  it("refuses what cannot be run, in words", async () => {
    for (const [given, why] of [
      [{ command: " " }, /command: must be text/],
      [{ command: "a\0b" }, /NUL/],
      [{ command: "x".repeat(200_000) }, /write a file and run that/],
      [{ command: "true", timeout: 3601 }, /timeout: must be seconds.*3600.*3601/],
    ] as const) {
      await assert.rejects(bash.claim(given, place), why);
    }
  });

  it("is ended when it takes too long, with all that it started", async () => {
    const { text, isTimeout, isError } = await run("sleep 600 & echo $!; wait", {}, { timeout: 1 });
    assert.equal(isTimeout, true);
    assert.equal(isError, true);
    assert.match(text, /\[stopped: it took longer than 1 s; timeout allows more\]$/);
    await untilGone(Number.parseInt(text, 10));
  });

  it("T3: a cancel ends all of its group, also what ignores a polite word", async () => {
    const cancel = new AbortController();
    let told = "";
    const print = async (piece: Uint8Array) => {
      told += Buffer.from(piece).toString();
      if (told.includes("\n")) cancel.abort(new Error("canceled"));
      return piece;
    };
    const command = "trap '' TERM; sleep 600 & echo $! $$; wait; sleep 600";
    await assert.rejects(run(command, { print, signal: cancel.signal }), /canceled/);
    for (const pid of told.trim().split(" ")) await untilGone(Number(pid));
  });

  it("ends what it left in the background, and does not wait for it", async () => {
    const { text } = await run("sleep 600 & echo $!");
    await untilGone(Number.parseInt(text, 10));
  });

  it("does not hang on what has left its group and holds its pipe", async () => {
    const leaver = "setsid sh -c 'echo > up; exec sleep 600'";
    const { text } = await run(`mkfifo up; ${leaver} & echo $!; read -r _ < up`);
    assert.match(text, /^\d+\n$/);
    const away = Number.parseInt(text, 10);
    assert.notEqual(await stateOf(away), "Z");
    process.kill(away, "SIGKILL");
  });

  it("sees few variables: those that it was given, and none that runs code", async () => {
    const { text } = await run("env");
    const seen = new Map(text.split("\n").map((line) => line.split("=", 2) as [string, string]));
    for (const name of ["SECRET", "BASH_ENV", "LD_PRELOAD"]) assert.ok(!seen.has(name), name);
    assert.equal(seen.get("GIVEN"), "given");
    assert.equal(seen.get("GIT_TERMINAL_PROMPT"), "0");
  });

  it("finds no program of the project by a bare name", async () => {
    await writeFile(join(folder, "bin", "ls"), "#!/bin/sh\necho evil\n", { mode: 0o755 });
    const own = { ...environment, PATH: `${join(folder, "bin")}:.:${environment.PATH}` };
    const tool = createBashTool({ ...options, environment: own });
    const claimed = await tool.claim({ command: "ls -d ." }, place);
    await claimed.prepare?.();
    const { parts } = await claimed.run(createRunContext());
    assert.equal(parts[0]?.kind.value, ".\n");
  });

  it("has no input to wait for", async () => {
    assert.equal((await run("cat; echo done")).text, "done\n");
  });

  it("fails where its folder is gone", async () => {
    const claimed = await bash.claim({ command: "true" }, { ...place, cwd: join(folder, "gone") });
    await assert.rejects(async () => claimed.prepare?.(), /no command can start in .*gone/);
  });
});

describe("sweepOrphans", () => {
  let child: ChildProcess;
  before(async () => {
    child = spawn("sh", ["-c", "sleep 600 & sleep 600"], { detached: true, stdio: "ignore" });
    await once(child, "spawn");
  });
  after(() => child.kill("SIGKILL"));

  it("ends what outlived its leader, by its mark, also where it left the group", async () => {
    const script = `
      import { createBashTool } from ${JSON.stringify(new URL("./bash-tool.ts", import.meta.url))};
      import { createBubblewrap } from ${JSON.stringify(new URL("./bubblewrap.ts", import.meta.url))};
      const environment = process.env;
      const sandbox = createBubblewrap({ environment });
      const bash = createBashTool({ claimsOf: async () => [], sandbox, mode: () => "off", environment });
      const place = { sessionId: "s", roots: ["/tmp"], closed: [], cwd: "/tmp", envPass: [], hasNetwork: false };
      const command = "sleep 600 & echo $!; setsid sleep 600 & echo $!; echo $$; sleep 600";
      const claimed = await bash.claim({ command }, place);
      const made = await claimed.prepare();
      let told = "";
      const print = async (bytes) => {
        told += Buffer.from(bytes).toString();
        if (told.split("\\n").length === 4) process.stdout.write(JSON.stringify({ ...made, told }));
        return bytes;
      };
      await claimed.run({ signal: new AbortController().signal, print });
    `;
    const daemon = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = await once(daemon.stdout, "data");
    const { pid, startTime, told } = JSON.parse(String(text));
    daemon.kill("SIGKILL");
    process.kill(pid, "SIGKILL"); // the leader only
    await untilGone(pid);
    const [inGroup, away] = String(told).split("\n").map(Number);
    assert.ok(inGroup && away);
    assert.ok(await startTimeOf(inGroup));
    assert.ok(await startTimeOf(away));
    const ended = await sweepOrphans([{ pid, startTime }]);
    // One that has not left the group yet is ended with it, as one.
    assert.ok(ended >= 1);
    await untilGone(inGroup);
    await untilGone(away);
  });

  it("ends the group of a process that is the one on record, and no other", async () => {
    const pid = child.pid ?? 0;
    const startTime = (await startTimeOf(pid)) ?? "";
    assert.equal(await sweepOrphans([{ pid, startTime: `9${startTime}` }]), 0);
    assert.equal(await sweepOrphans([{ pid: 1, startTime: (await startTimeOf(1)) ?? "" }]), 0);
    assert.equal(await startTimeOf(pid), startTime);
    const ended = once(child, "exit");
    assert.equal(await sweepOrphans([{ pid, startTime }]), 1);
    await ended;
  });
});
