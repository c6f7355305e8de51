import { Code, ConnectError } from "@connectrpc/connect";
import { infoOf } from "@daphnia/client/reasons";
import type { GetInfoResponse } from "@daphnia/protocol/daemon_service";
import { Complaint } from "./complaint.ts";
import { exitCodes } from "./exit-codes.ts";
import { nameOf, type Target } from "./target.ts";
import { typed } from "./typed-command.ts";

/** Milliseconds that a daemon has to say who it is. */
const patience = 5000;

/** What the daemon says of itself; undefined when nobody serves there. */
export async function findDaemon(target: Target): Promise<GetInfoResponse | undefined> {
  try {
    return await target.client.daemon.getInfo({}, { timeoutMs: patience });
  } catch (error) {
    if (isNobody(error)) return undefined;
    if (ConnectError.from(error).code !== Code.DeadlineExceeded || infoOf(error)) throw error;
    throw new Complaint(
      exitCodes.noDaemon,
      `the daemon at ${nameOf(target)} does not answer`,
      "it is stopped or overloaded; look for its process, end it, and start it again",
      { cause: error },
    );
  }
}

/** The same, where a daemon must be there already. */
export async function requireDaemon(target: Target): Promise<GetInfoResponse> {
  const info = await findDaemon(target);
  if (info === undefined) throw noDaemon(target);
  return info;
}

export function noDaemon(target: Target): Complaint {
  if (target.kind === "url") {
    return new Complaint(
      exitCodes.noDaemon,
      `no daemon answers at ${target.url}`,
      "check DAPHNIA_URL, and that the daemon runs there",
    );
  }
  return new Complaint(
    exitCodes.noDaemon,
    `no daemon serves ${target.home}`,
    `start one with \`${typed("daemon start", target.home)}\``,
  );
}

/** True when the connection was never made: nobody listens there. */
export function isNobody(error: unknown): boolean {
  if (!(error instanceof ConnectError) || infoOf(error) !== undefined) return false;
  let cause: unknown = error;
  for (let depth = 0; cause instanceof Error && depth < 8; depth++, cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string" && absent.has(cause.code)) return true;
  }
  return false;
}

/** EINVAL: the path is too long for a socket, so nobody can listen there. */
const absent = new Set([
  "ENOENT",
  "ENOTDIR",
  "ECONNREFUSED",
  "EINVAL",
  "ENAMETOOLONG",
  "ENOTFOUND",
  "EHOSTUNREACH",
]);
