import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { isDefaultHome, pathsOf } from "./home.ts";
import { launchdAgent, type Service, systemdUnit } from "./service-unit.ts";

const run = promisify(execFile);

/** Who starts services for this user. */
export interface ServiceManager {
  readonly kind: "systemd" | "launchd";
  /** What it calls the service. */
  readonly unit: string;
  /** Installs the service as it is now, and starts it now and at every login. */
  start(): Promise<void>;
  /** Ends it, where it is installed. */
  stop(): Promise<void>;
  /** Ends it and removes its file; tells which, if there was one. */
  uninstall(): Promise<string | undefined>;
}

/** This program as a service, for the home of this environment. */
export function serviceOf(component: string, description: string): Service {
  const { home, log } = pathsOf(component);
  const command = [process.execPath, process.argv[1] ?? "", "run", "--quiet"];
  return { component, description, command, home, log };
}

/** The manager that answers here; nothing in a container, mostly. */
export async function findServiceManager(service: Service): Promise<ServiceManager | undefined> {
  if (platform() === "darwin") {
    return (await answers("launchctl", ["print", domain()])) ? launchd(service) : undefined;
  }
  return (await answers("systemctl", ["--user", "show-environment"]))
    ? systemd(service)
    : undefined;
}

/** The file of a service, if it is installed. */
export function installedUnit(service: Service): string | undefined {
  const file = unitFile(service);
  return existsSync(file) ? file : undefined;
}

/** Removes the file of a service where nobody can be told; tells which, if there was one. */
export async function removeUnit(service: Service): Promise<string | undefined> {
  const file = installedUnit(service);
  if (file !== undefined) rmSync(file);
  return file;
}

function systemd(service: Service): ServiceManager {
  const file = unitFile(service);
  const unit = basename(file);
  const systemctl = (...args: readonly string[]) => run("systemctl", ["--user", ...args]);
  return {
    kind: "systemd",
    unit,
    async start() {
      write(file, systemdUnit(service));
      mkdirSync(dirname(service.log), { recursive: true, mode: 0o700 }); // it opens the log
      await systemctl("daemon-reload");
      await systemctl("reset-failed", unit).catch(() => {}); // it was not failed
      await systemctl("enable", "--now", unit);
    },
    async stop() {
      if (existsSync(file)) await systemctl("stop", unit);
    },
    async uninstall() {
      if (!existsSync(file)) return undefined;
      await systemctl("disable", "--now", unit);
      await removeUnit(service);
      await systemctl("daemon-reload");
      return file;
    },
  };
}

function launchd(service: Service): ServiceManager {
  const file = unitFile(service);
  const label = basename(file, ".plist");
  const target = `${domain()}/${label}`;
  const unload = async () => {
    if (await answers("launchctl", ["print", target])) await run("launchctl", ["bootout", target]);
  };
  return {
    kind: "launchd",
    unit: label,
    async start() {
      write(file, launchdAgent(label, service));
      mkdirSync(dirname(service.log), { recursive: true, mode: 0o700 });
      await unload();
      await run("launchctl", ["bootstrap", domain(), file]);
    },
    stop: unload,
    async uninstall() {
      await unload();
      return removeUnit(service);
    },
  };
}

/** Where a service's file lies. Homes other than the user's own have services of their own. */
function unitFile({ component, home }: Service): string {
  const hash = createHash("sha256").update(home).digest("hex").slice(0, 8);
  const name = isDefaultHome(home) ? component : `${component}-${hash}`;
  if (platform() === "darwin") {
    return join(homedir(), "Library/LaunchAgents", `dev.daphnia.${name}.plist`);
  }
  const config = process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
  return join(config, "systemd/user", `daphnia-${name}.service`);
}

function domain(): string {
  return `gui/${process.getuid?.() ?? 0}`;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Whether a program is there and says yes. */
async function answers(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, args, { timeout: 5000 });
    return true;
  } catch {
    return false; // not there, or nobody it could ask
  }
}
