import type { Definition } from "../definition.ts";
import { exitCodes } from "../exit-codes.ts";
import { pathsOf } from "../home.ts";
import { isServing, readPortFile, servesSince } from "../port-file.ts";
import { installedUnit, serviceOf } from "../service-manager.ts";

/** Says whether a component runs, and where. */
export async function status(
  { name, description, tools }: Definition,
  { json }: { readonly json: boolean },
): Promise<number> {
  const { portFile, log } = pathsOf(name);
  const found = readPortFile(portFile);
  const isThere = found !== undefined && (await isServing(found));
  const unit = installedUnit(serviceOf(name, description));
  const state = isThere ? "running" : found === undefined ? "stopped" : "stale";
  const seconds = isThere ? Math.floor((Date.now() - servesSince(portFile).getTime()) / 1000) : 0;
  const place = isThere ? { pid: found.pid, port: found.port, version: found.version } : {};
  const told = { name, state, ...place, uptimeSeconds: seconds, unit: unit ?? null, log };
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : `${told.name}: ${state}\n`);
  if (!json) {
    const lines = [
      ...(isThere ? [`pid ${found.pid}, port ${found.port}, up ${durationText(seconds)}`] : []),
      `tools: ${tools.map((tool) => tool.name).join(", ")}`,
      `service: ${unit ?? "none is installed"}`,
      `log: ${log}`,
    ];
    process.stdout.write(lines.map((line) => `  ${line}\n`).join(""));
  }
  return isThere ? exitCodes.ok : exitCodes.notRunning;
}

function durationText(seconds: number): string {
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
