import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A real daemon in a process and a home of its own. */
export interface TestDaemon extends AsyncDisposable {
  readonly home: string;
  /** Where its TCP port is now: another one after each start. */
  port(): number;
  start(): Promise<void>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Ends it as a person does. */
  stop(): Promise<void>;
}

const entry = join(import.meta.dirname, "../../../../server/src/daemon/main.ts");
const program = `
  const { runDaemon } = await import(${JSON.stringify(entry)});
  process.exitCode = await runDaemon({
    onReady: ({ addresses }) => console.log(JSON.stringify(addresses)),
  });
`;

/** Starts a daemon with this config and these scripts, by name, and waits until it serves. */
export async function startTestDaemon(
  config: string,
  scripts: Readonly<Record<string, string>> = {},
): Promise<TestDaemon> {
  const home = await mkdtemp(join(tmpdir(), "dps-"));
  await mkdir(join(home, "scripts"));
  await writeFile(join(home, "daphnia.toml"), config, { mode: 0o600 });
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(home, "scripts", `${name}.toml`), script);
  }
  let child: ChildProcess | undefined;
  let port = 0;
  const end = async (signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  const daemon: TestDaemon = {
    home,
    port: () => port,
    async start() {
      const started = spawn(process.execPath, ["--input-type=module", "-e", program], {
        env: { PATH: process.env["PATH"], HOME: process.env["HOME"], DAPHNIA_HOME: home },
        stdio: ["ignore", "pipe", "inherit"],
      });
      child = started;
      const ended = once(started, "exit").then(([code]) => {
        throw new Error(`the daemon ended with ${code} before it served`);
      });
      const [line] = await Promise.race([once(started.stdout, "data"), ended]);
      const addresses: readonly string[] = JSON.parse(String(line));
      port = Number(/:(\d+)\/?$/.exec(addresses.join(" "))?.[1] ?? 0);
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    async [Symbol.asyncDispose]() {
      await end("SIGKILL");
      await rm(home, { recursive: true, force: true });
    },
  };
  await daemon.start();
  return daemon;
}
