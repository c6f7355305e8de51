import { spawn } from "node:child_process";
import { once } from "node:events";

/** Who is told. */
export interface Receiver {
  /** A URL that gets a POST; empty for none. */
  readonly webhook: string;
  /** A program and its arguments; empty for none. */
  readonly command: readonly string[];
}

/** Milliseconds that a receiver may take. */
const longest = 10_000;

/** Hands a JSON text to all receivers. Rejects where one of them did not take it. */
export async function deliver(
  json: string,
  { webhook, command }: Receiver,
  signal: AbortSignal,
): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(longest)]);
  await Promise.all([
    webhook !== "" && post(json, webhook, limited),
    command.length > 0 && run(json, command, limited),
  ]);
}

async function post(body: string, webhook: string, signal: AbortSignal): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(webhook, { method: "POST", body, headers, signal });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the webhook answers ${response.status}`);
}

async function run(
  json: string,
  [program = "", ...given]: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(program, given, { stdio: ["pipe", "ignore", "ignore"], signal });
  const ended = once(child, "exit"); // rejects where it cannot be started, or was stopped
  child.stdin.on("error", () => {}); // it need not read: how it ends is what counts
  child.stdin.end(json);
  const [code, killed] = await ended;
  if (code !== 0) throw new Error(`${program} ended with ${killed ?? code}`);
}
