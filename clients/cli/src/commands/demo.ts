import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { Daphnia } from "@daphnia/client";
import { infoOf } from "@daphnia/client/reasons";
import { PartSchema } from "@daphnia/protocol/message";
import { createEventView } from "../event-view.ts";
import { exitCodes } from "../exit-codes.ts";
import { findDaemon } from "../find-daemon.ts";
import { type FollowedTurn, followTurn } from "../follow-turn.ts";
import { endOnce } from "../interrupts.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, targetOf } from "../target.ts";
import { exitCodeOfEnd } from "../turn-end.ts";
import { quoted, typed } from "../typed-command.ts";

const question = "What is in this folder?";
const scripted = "scripted/demo";
/** Characters of a line: the text itself was just shown. */
const longestLine = 100;

/**
 * The first minutes: a daemon in this process, one turn with real tools on this folder,
 * its events as they come. Serves on where somebody sits at the terminal.
 */
export async function demo(options: Globals): Promise<number> {
  const screen = createScreen();
  const home = resolve(options.home || process.env["DAPHNIA_HOME"] || ownFolder());
  const target = targetOf({ home });
  const ended = new AbortController();
  const serving = (await findDaemon(target)) ? undefined : await serve(home, ended, screen);
  if (serving?.code !== undefined) return serving.code;
  const code = await showTurn(target.client, screen, ended.signal);
  if (ended.signal.aborted) return (await serving?.end) ?? exitCodes.failed; // by Ctrl-C
  screen.print(`\n${screen.paint("bold", "Now try:")}`);
  screen.print(`  ${typed(`ask -c ${quoted("And what did you find?")}`, home)}`);
  screen.print(`  ${typed("events --since beginning", home)}`);
  if (serving === undefined) return code;
  if (process.stdin.isTTY) {
    screen.print(screen.paint("dim", "\nServing until Ctrl-C; type those in another terminal."));
  } else serving.stop();
  return (await serving.end) || code;
}

/** A home in this folder, hidden from git: it holds a token. */
function ownFolder(): string {
  const home = resolve(".daphnia");
  const ignore = join(home, ".gitignore");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
  return home;
}

interface Serving {
  /** Set where the daemon could not start; it said why. */
  readonly code?: number;
  readonly end: Promise<number>;
  stop(): void;
}

async function serve(home: string, ended: AbortController, screen: Screen): Promise<Serving> {
  const { runDaemon } = await import("@daphnia/server");
  const stop = new AbortController();
  const release = endOnce(exitCodes.canceled);
  const ready = Promise.withResolvers<undefined>();
  const end = runDaemon({
    home,
    signal: stop.signal,
    onReady({ pid, addresses }) {
      const where = addresses.join(" and ");
      screen.print(screen.paint("dim", `A daemon serves ${home}, pid ${pid}, at ${where}.`));
      ready.resolve(undefined);
    },
  }).finally(() => {
    release();
    ended.abort();
  });
  const code = await Promise.race([ready.promise, end]);
  return { ...(code !== undefined && { code }), end, stop: () => stop.abort() };
}

async function showTurn(client: Daphnia, screen: Screen, signal: AbortSignal): Promise<number> {
  const here = realpathSync(process.cwd());
  const { session } = await client.sessions.createSession({ roots: [here], cwd: here });
  const turn = await promptDemo(client, session?.id ?? "", screen);
  const view = createEventView(screen, client, "none", longestLine);
  try {
    const end = await followTurn(
      client,
      turn,
      ({ events, deltas }) => {
        for (const event of events) view.event(event);
        for (const delta of deltas) view.delta(delta);
      },
      { signal, onResume: () => {} },
    );
    return exitCodeOfEnd(end, false); // it shows what a daemon does, whatever that is
  } finally {
    view.close();
  }
}

/** Asks the configured model; without one the script, saying so. */
async function promptDemo(
  client: Daphnia,
  sessionId: string,
  screen: Screen,
): Promise<FollowedTurn> {
  const parts = [create(PartSchema, { kind: { case: "text", value: question } })];
  try {
    return await client.sessions.prompt({ sessionId, parts });
  } catch (error) {
    const info = infoOf(error);
    if (info?.reason !== "PROVIDER_KEY_MISSING") throw error;
    const variables = (info.metadata["variable"] ?? "").split(",").filter(Boolean).join(", ");
    screen.print(
      `${screen.paint(["bold", "yellow"], "The answers are scripted, not a model.")} Its tools are real. For a model, set one of ${variables || "the providers' keys"}: none is set.`,
    );
    const updateMask = { paths: ["model"] };
    await client.sessions.updateSession({
      session: { id: sessionId, model: scripted },
      updateMask,
    });
    return client.sessions.prompt({ sessionId, parts });
  }
}
