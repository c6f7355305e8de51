import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchContext, judged, type Question, withUnit } from "../question.ts";
import { startBare, startDaemon, temporaryFolder } from "../server-process.ts";
import { interleave, median } from "../statistics.ts";

const mostDelay = 400;
const script = 'chunk = 8\nrepeat = "last"\n[[turn]]\n[[turn.step]]\nsay = "A short answer."\n';

export const firstDelta: Question = {
  name: "first delta",
  asks: "How long from typing `daphnia ask` until the first piece of the answer, with the daemon up?",
  method:
    "From spawning the command to its first byte on stdout, a pipe; the script answers at once. Baseline: a bare Node client that asks a bare server and prints its answer.",
  notMeasured:
    "A real model's time to its first token; a terminal's time to draw; a cold disk cache.",
  async answer({ isQuick, package: bench }: BenchContext) {
    const folder = temporaryFolder();
    const home = join(folder, "home");
    mkdirSync(join(home, "scripts"), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, "scripts/short.toml"), script);
    const daemon = await startDaemon(bench, { home });
    const bare = await startBare("bare-server.js");
    const environment = { DAPHNIA_HOME: home, XDG_CACHE_HOME: bench.compileCache };
    const ask = ["ask", "--model", "scripted/short", "--root", folder, "hello"];
    const time = (command: string, args: readonly string[], cwd?: string) => () =>
      firstByte(command, args, { environment, cwd });
    install(bench.command, folder);
    const node = process.execPath;
    const found = await interleave(isQuick ? 2 : 11, {
      bare: time(node, [join(import.meta.dirname, "../bare-client.js"), bare.socket]),
      command: time(node, [bench.command, ...ask]),
      bundle: time(node, [bench.bundle, ...ask]),
      checkout: time(bench.checkoutCommand, ask),
      npx: time("npx", ["daphnia", ...ask], folder),
      checkoutNpx: time("npx", ["daphnia", ...ask]),
    });
    await daemon.stop();
    await bare.stop();
    rmSync(folder, { recursive: true });
    const baseline = withUnit(median(found.bare), "ms");
    const judge = (name: string, values: readonly number[]) =>
      judged(name, { value: median(values), most: mostDelay, unit: "ms", baseline });
    return [
      judge("the package's command, `daphnia ask` (compile cache)", found.command),
      judge("the bundle alone", found.bundle),
      judge("this checkout's `node_modules/.bin/daphnia ask`: sources", found.checkout),
      judge("`npx daphnia ask` where the package is installed: npm's start too", found.npx),
      judge("`npx daphnia ask` in this checkout: npm's start, and sources", found.checkoutNpx),
    ];
  },
};

/** Lays the command where npm would, so that `npx` finds it in this folder. */
function install(command: string, folder: string): void {
  const programs = join(folder, "node_modules/.bin");
  mkdirSync(programs, { recursive: true });
  symlinkSync(command, join(programs, "daphnia"));
}

interface Place {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

async function firstByte(
  command: string,
  args: readonly string[],
  { environment, cwd }: Place,
): Promise<number> {
  const began = performance.now();
  const child = spawn(command, [...args], {
    ...(cwd !== undefined && { cwd }),
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const first = Promise.withResolvers<number>();
  child.stdout.once("data", () => first.resolve(performance.now() - began));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${said}`);
  return first.promise;
}
