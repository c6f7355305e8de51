import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { Session } from "@daphnia/protocol/session";
import { Complaint } from "./complaint.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Target } from "./target.ts";

export interface SessionOptions {
  readonly session?: string;
  readonly continue?: boolean;
  readonly agent?: string;
  readonly model?: string;
  readonly root?: readonly string[];
  readonly mode?: string;
}

/** Where a session may work. */
export interface Place {
  readonly roots: string[];
  readonly cwd: string;
}

/**
 * The folders of a new session: the current one, or those that are named. A daemon at
 * a url sees another machine's folders, so there only named ones count.
 */
export function placeOf(target: Target, named: readonly string[] = []): Place {
  if (target.kind === "url") return { roots: [...named], cwd: "" };
  const here = realpathSync(process.cwd());
  if (named.length === 0) {
    refuseWide(here);
    return { roots: [here], cwd: here };
  }
  const roots = named.map((root) => resolve(root));
  const isInside = roots.some((root) => here === root || here.startsWith(`${root}/`));
  return { roots, cwd: isInside ? here : (roots[0] ?? here) };
}

/** The whole disk and the whole home are too much to be given by mistake. */
function refuseWide(folder: string): void {
  if (folder !== "/" && folder !== homeFolder()) return;
  throw new Complaint(
    exitCodes.usage,
    `an agent may read all of its root, and this would be ${folder}`,
    "go into a folder, or name one with --root DIR",
  );
}

function homeFolder(): string {
  try {
    return realpathSync(process.env["HOME"] || homedir());
  } catch {
    return ""; // it does not exist, so nobody is in it
  }
}

/** The session that a prompt goes to: the one named, the folder's last, or a new one. */
export async function openSession(
  target: Target,
  options: SessionOptions,
): Promise<{ readonly session: Session; readonly isNew: boolean }> {
  const { sessions } = target.client;
  if (options.session !== undefined) {
    const { session } = await sessions.getSession({ sessionId: options.session });
    return { session: await inMode(target, present(session), options), isNew: false };
  }
  if (options.continue) {
    const last = await lastSession(target, options);
    return { session: await inMode(target, last, options), isNew: false };
  }
  const { session } = await sessions.createSession({
    ...placeOf(target, options.root),
    agent: options.agent ?? "",
    model: options.model ?? "",
    mode: options.mode ?? "",
  });
  return { session: present(session), isNew: true };
}

/** The session in the mode that was asked for, from now on. */
async function inMode(
  target: Target,
  { id, ...session }: Session,
  { mode }: SessionOptions,
): Promise<Session> {
  if (mode === undefined || mode === session.mode) return { id, ...session };
  const { session: changed } = await target.client.sessions.updateSession({
    session: { id, mode },
    updateMask: { paths: ["mode"] },
  });
  return present(changed);
}

async function lastSession(target: Target, { agent = "" }: SessionOptions): Promise<Session> {
  const cwd = target.kind === "home" ? realpathSync(process.cwd()) : "";
  const { sessions } = await target.client.sessions.listSessions({ agent, cwd, pageSize: 2 });
  const last = sessions.find(({ id }) => !id.startsWith("daemon."));
  if (last !== undefined) return last;
  throw new Complaint(
    exitCodes.usage,
    `there is no session in ${cwd || "this daemon"} to continue`,
    "leave out --continue to begin one",
  );
}

function present(session: Session | undefined): Session {
  if (session === undefined) throw new Error("the daemon answered without a session");
  return session;
}
