import { setTimeout as pause } from "node:timers/promises";
import type { Definition } from "../definition.ts";
import { exitCodes } from "../exit-codes.ts";
import { pathsOf } from "../home.ts";
import { isAlive, isServing, readPortFile } from "../port-file.ts";
import { findServiceManager, removeUnit, serviceOf } from "../service-manager.ts";

const lookEvery = 20;
/** Milliseconds beyond the component's own grace, after which it is killed. */
const patience = 5000;

/** Ends a component, whoever started it. */
export async function stop(
  { name, description, grace }: Definition,
  { uninstall }: { readonly uninstall: boolean },
): Promise<number> {
  const { portFile } = pathsOf(name);
  const running = readPortFile(portFile);
  const isThere = running !== undefined && (await isServing(running));
  const service = serviceOf(name, description);
  const manager = await findServiceManager(service);
  await manager?.stop();
  const isKilled = isThere && (await endProcess(running.pid, grace + patience));
  process.stdout.write(
    `${name} ${isThere ? (isKilled ? "was killed" : "stopped") : "did not run"}\n`,
  );
  if (!uninstall) return exitCodes.ok;
  const unit = await (manager === undefined ? removeUnit(service) : manager.uninstall());
  process.stdout.write(unit === undefined ? "no service was installed\n" : `removed ${unit}\n`);
  return exitCodes.ok;
}

/** Asks a process to end, and kills it when it does not. Tells whether it had to. */
async function endProcess(pid: number, longest: number): Promise<boolean> {
  if (isAlive(pid)) process.kill(pid, "SIGTERM");
  const end = performance.now() + longest;
  while (isAlive(pid)) {
    if (performance.now() > end) {
      process.kill(pid, "SIGKILL");
      return true;
    }
    await pause(lookEvery);
  }
  return false;
}
