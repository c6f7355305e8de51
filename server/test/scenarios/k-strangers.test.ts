import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { fromJsonString } from "@bufbuild/protobuf";
import { type WatchResponse, WatchResponseSchema } from "@daphnia/protocol/event_service";
import { createSession, logOf, prompt } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";

const repository = resolve(import.meta.dirname, "../../..");
const example = join(repository, "examples", "watch-from-scratch");
const packages = join(repository, "node_modules");
const run = promisify(execFile);
const text = "0123456789".repeat(60);

/** 60 pieces of 10 bytes, 20 ms apart. */
const sixty = `
chunk = 10
pace_ms = 20
[[turn]]
  [[turn.step]]
  say = "${text}"
`;

describe("a stranger's program", () => {
  let daemon: DaemonProcess;
  let folder: string;
  const started: ChildProcess[] = [];

  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("sixty", sixty);
    folder = await mkdtemp(join(tmpdir(), "dph-stranger-"));
    for (const name of ["main.ts", "buf.gen.yaml"])
      await cp(join(example, name), join(folder, name));
    await cp(join(repository, "proto"), join(folder, "proto"), { recursive: true });
    await symlink(packages, join(folder, "node_modules")); // stands for npm install
    const PATH = `${join(packages, ".bin")}${delimiter}${process.env["PATH"]}`;
    await run("buf", ["generate"], { cwd: folder, env: { ...process.env, PATH } });
  });
  after(async () => {
    for (const child of started) child.kill("SIGKILL");
    await daemon?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs it until a response is the last that is wanted, then ends it as a crash does. */
  async function watchUntil(
    sessionId: string,
    isLast: (response: WatchResponse) => boolean,
  ): Promise<WatchResponse[]> {
    const child = spawn(process.execPath, ["main.ts", daemon.socket, sessionId], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.push(child);
    const ended = once(child, "exit");
    const told: WatchResponse[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const response = fromJsonString(WatchResponseSchema, line);
      told.push(response);
      if (isLast(response)) break;
    }
    child.kill("SIGKILL");
    await ended;
    return told;
  }

  it("is at most 30 lines, and needs nothing of this repository but the protos", async () => {
    const program = await readFile(join(folder, "main.ts"), "utf8");
    assert.ok(program.trimEnd().split("\n").length <= 30);
    assert.doesNotMatch(program, /@daphnia/);
    assert.deepEqual((await readdir(folder)).sort(), [
      ...["buf.gen.yaml", "gen", "main.ts", "node_modules", "proto"],
    ]);
  });

  it("is given the same code that this repository keeps", async () => {
    const own = join(repository, "gen", "src", "daphnia", "v1");
    const made = join(folder, "gen", "daphnia", "v1");
    assert.deepEqual(await readdir(made), await readdir(own));
  });

  it("compiles against what was generated", async () => {
    const options = "--strict --noEmit --target es2024 --module esnext --moduleResolution bundler";
    const more = "--types node --skipLibCheck --ignoreConfig main.ts";
    const tsc = join(packages, ".bin", "tsc");
    await run(tsc, [...options.split(" "), ...more.split(" ")], { cwd: folder });
  });

  it("V3: killed at delta 25 of 60 and started again, has every byte of the answer once, in order", async () => {
    const sessionId = await createSession(daemon, "sixty");
    let seen = 0;
    const watching = watchUntil(sessionId, ({ deltas }) => {
      seen += piecesOf(deltas).length;
      return seen >= 25;
    });
    await prompt(daemon.client, sessionId, "go");
    const first = await watching;
    const cut = assemble(first);
    assert.ok(cut.length >= 240 && cut.length < text.length, `it was cut at ${cut.length} of 600`);

    const second = await watchUntil(sessionId, ({ events }) =>
      events.some(({ body }) => body.case === "turnFinished"),
    );
    const told = assemble(second);
    assert.equal(told, text.slice(0, told.length));
    assert.ok(told.length > cut.length, "it was told more of the draft");
    const events = [...first, ...second].flatMap((response) => response.events);
    const log = await logOf(daemon.client, sessionId);
    assert.deepEqual(
      events.map(({ cursor, body }) => [cursor, body.case]),
      log.map(({ cursor, body }) => [cursor, body.case]),
    );
    const settled = events.flatMap(({ body }) =>
      body.case === "messageCompleted" ? (body.value.message?.parts ?? []) : [],
    );
    assert.deepEqual(
      settled.map(({ kind }) => kind.value),
      [text],
    );
  });
});

type Deltas = WatchResponse["deltas"];

function piecesOf(deltas: Deltas): { offset: number; value: string }[] {
  return deltas.flatMap(({ offset, piece }) =>
    piece.case === "text" ? [{ offset: Number(offset), value: piece.value }] : [],
  );
}

/** The draft as its reader holds it; each piece has to begin where the one before it ended. */
function assemble(responses: readonly WatchResponse[]): string {
  return piecesOf(responses.flatMap(({ deltas }) => deltas)).reduce((held, { offset, value }) => {
    assert.equal(offset, held.length);
    return held + value;
  }, "");
}
