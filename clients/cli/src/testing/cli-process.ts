import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bin = join(import.meta.dirname, "../../bin/daphnia.js");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once a text was written to stdout or stderr; rejects when it ended without. */
  said(text: string): Promise<void>;
}

/** A home and a folder of a test's own, and the real program to run in them. */
export interface Cli {
  readonly home: string;
  readonly folder: string;
  /** Runs to its end; `input` is piped in, or nothing is. */
  run(args: readonly string[], more?: RunOptions): Promise<Ended>;
  start(args: readonly string[], more?: RunOptions): Running;
  /** Keeps a script, to be played as `scripted/NAME`. */
  script(name: string, toml: string): Promise<void>;
  /** Keeps an agent: the lines of its front matter. */
  agent(name: string, front: string): Promise<void>;
  /** Ends the daemon, if one runs, and removes everything. */
  remove(): Promise<void>;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function createCli(): Promise<Cli> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "dpc-")));
  const [home, folder] = [join(root, "home"), join(root, "folder")];
  await mkdir(join(home, "scripts"), { recursive: true, mode: 0o700 });
  await mkdir(folder);
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: root,
    DAPHNIA_HOME: home,
    DAPHNIA_TCP_PORT: "off",
  };

  function start(args: readonly string[], more: RunOptions = {}): Running {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: more.cwd ?? folder,
      env: { ...environment, ...more.environment },
      stdio: [more.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    child.stdin?.end(more.input);
    let [out, err] = ["", ""];
    const news = new EventTarget();
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      news.dispatchEvent(new Event("news"));
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      err += text;
      news.dispatchEvent(new Event("news"));
    });
    const ended = once(child, "close").then(([code]) => ({ code, out, err }));
    return {
      child,
      ended,
      said: (text) =>
        Promise.race([
          new Promise<void>((resolve) => {
            const look = () => {
              if ((out + err).includes(text)) resolve();
            };
            news.addEventListener("news", look);
            look();
          }),
          ended.then(() => {
            if (!(out + err).includes(text)) throw new Error(`it ended without: ${out}${err}`);
          }),
        ]),
    };
  }

  const cli: Cli = {
    home,
    folder,
    start,
    run: (args, more) => start(args, more).ended,
    script: (name, toml) => writeFile(join(home, "scripts", `${name}.toml`), toml),
    async agent(name, front) {
      await mkdir(join(home, "agents"), { recursive: true, mode: 0o700 });
      await writeFile(join(home, "agents", `${name}.md`), `---\n${front}\n---\nHelp.\n`);
    },
    async remove() {
      await cli.run(["daemon", "stop"]);
      await killLeft(home);
      await rm(root, { recursive: true, force: true });
    },
  };
  return cli;
}

/** Ends a daemon that did not stop when asked. */
async function killLeft(home: string): Promise<void> {
  try {
    const { pid } = JSON.parse(await readFile(join(home, "run", "daemon.json"), "utf8"));
    process.kill(pid, "SIGKILL");
  } catch {
    // there is none any more, as it should be
  }
}
